// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

namespace detect {

using namespace rules;

namespace {

Result<void> broadcast_pair(ShapeContext& context, DataType result) {
    DETECT_TRY_ASSIGN(auto shape, broadcast(context, context.input(0).shape, context.input(1).shape));
    context.set_output(0, result, std::move(shape));
    return {};
}

template <TypeSet allowed>
Result<void> arithmetic(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, allowed));
    DETECT_TRY(require_same_type(context, 0, 1));
    return broadcast_pair(context, context.input(0).type);
}

template <TypeSet allowed>
Result<void> comparison(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, allowed));
    DETECT_TRY(require_same_type(context, 0, 1));
    return broadcast_pair(context, DataType::boolean);
}

/// The exponent may have another type; the result has the base's.
Result<void> power(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    DETECT_TRY(require_type(context, 1, number_types));
    return broadcast_pair(context, context.input(0).type);
}

Result<void> modulo(ShapeContext& context) {
    const bool is_float = (float_types >> static_cast<unsigned>(context.input(0).type) & 1U) != 0;
    if (is_float && context.node().int_or("fmod", 0) == 0) {
        return context.error("needs fmod = 1 for floating-point inputs");
    }
    return arithmetic<number_types>(context);
}

Result<void> bit_shift(ShapeContext& context) {
    const std::string direction = context.node().string_or("direction", "");
    if (direction != "LEFT" && direction != "RIGHT") {
        return context.error("direction is '" + direction + "', expected LEFT or RIGHT");
    }
    return arithmetic<unsigned_types>(context);
}

template <TypeSet allowed>
Result<void> variadic(ShapeContext& context) {
    auto shape = context.input(0).shape;
    DETECT_TRY(require_type(context, 0, allowed));
    for (std::size_t i = 1; i < context.input_count(); ++i) {
        if (!context.has_input(i)) return context.error("input " + std::to_string(i) + " is left out");
        DETECT_TRY(require_same_type(context, 0, i));
        DETECT_TRY_ASSIGN(shape, broadcast(context, shape, context.input(i).shape));
    }
    context.set_output(0, context.input(0).type, std::move(shape));
    return {};
}

Result<void> where(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, bool_type));
    DETECT_TRY(require_type(context, 1, any_type));
    DETECT_TRY(require_same_type(context, 1, 2));
    DETECT_TRY_ASSIGN(const auto values, broadcast(context, context.input(1).shape, context.input(2).shape));
    DETECT_TRY_ASSIGN(auto shape, broadcast(context, context.input(0).shape, values));
    context.set_output(0, context.input(1).type, std::move(shape));
    return {};
}

/// The slope is broadcast to the input, never the other way round.
Result<void> prelu(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    const auto& shape = context.input(0).shape;
    const auto& slope = context.input(1).shape;
    if (shape && slope) {
        DETECT_TRY_ASSIGN(const bool fits, broadcasts_to(context, *slope, *shape));
        if (!fits) return context.error("slope " + to_string(slope) + " does not fit input " + to_string(shape));
    }
    return same_as_input(context);
}

} // namespace

std::vector<Operator> binary_operators() {
    using enum AttributeKind;
    return {
        {.name = "Add", .inputs = 2, .infer = arithmetic<number_types>, .elementwise = true},
        {.name = "And", .inputs = 2, .infer = comparison<bool_type>},
        {.name = "BitShift",
         .since = 11,
         .inputs = 2,
         .attributes = {{"direction", text, required}},
         .infer = bit_shift},
        {.name = "Div", .inputs = 2, .infer = arithmetic<number_types>, .elementwise = true},
        {.name = "Equal", .inputs = 2, .infer = comparison<number_types | bool_type>},
        {.name = "Greater", .inputs = 2, .infer = comparison<number_types>},
        {.name = "GreaterOrEqual", .since = 12, .inputs = 2, .infer = comparison<number_types>},
        {.name = "Less", .inputs = 2, .infer = comparison<number_types>},
        {.name = "LessOrEqual", .since = 12, .inputs = 2, .infer = comparison<number_types>},
        {.name = "Max", .inputs = at_least(1), .infer = variadic<number_types>},
        {.name = "Mean", .inputs = at_least(1), .infer = variadic<float_types>},
        {.name = "Min", .inputs = at_least(1), .infer = variadic<number_types>},
        {.name = "Mod", .since = 10, .inputs = 2, .attributes = {{"fmod", integer}}, .infer = modulo},
        {.name = "Mul", .inputs = 2, .infer = arithmetic<number_types>, .elementwise = true},
        {.name = "Or", .inputs = 2, .infer = comparison<bool_type>},
        {.name = "PRelu", .inputs = 2, .infer = prelu, .takes_weights = true},
        {.name = "Pow", .inputs = 2, .infer = power},
        {.name = "Sub", .inputs = 2, .infer = arithmetic<number_types>, .elementwise = true},
        {.name = "Sum", .inputs = at_least(1), .infer = variadic<float_types>},
        {.name = "Where", .since = 9, .inputs = 3, .infer = where, .elementwise = true},
        {.name = "Xor", .inputs = 2, .infer = comparison<bool_type>},
    };
}

} // namespace detect
