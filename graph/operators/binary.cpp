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
    return {
        {"Add", "", 2, 2, 1, 1, {}, arithmetic<number_types>},
        {"And", "", 2, 2, 1, 1, {}, comparison<bool_type>},
        {"BitShift", "", 2, 2, 1, 1, {{"direction", AttributeKind::text, true}}, bit_shift, 11},
        {"Div", "", 2, 2, 1, 1, {}, arithmetic<number_types>},
        {"Equal", "", 2, 2, 1, 1, {}, comparison<number_types | bool_type>},
        {"Greater", "", 2, 2, 1, 1, {}, comparison<number_types>},
        {"GreaterOrEqual", "", 2, 2, 1, 1, {}, comparison<number_types>, 12},
        {"Less", "", 2, 2, 1, 1, {}, comparison<number_types>},
        {"LessOrEqual", "", 2, 2, 1, 1, {}, comparison<number_types>, 12},
        {"Max", "", 1, any_number, 1, 1, {}, variadic<number_types>},
        {"Mean", "", 1, any_number, 1, 1, {}, variadic<float_types>},
        {"Min", "", 1, any_number, 1, 1, {}, variadic<number_types>},
        {"Mod", "", 2, 2, 1, 1, {{"fmod", AttributeKind::integer}}, modulo, 10},
        {"Mul", "", 2, 2, 1, 1, {}, arithmetic<number_types>},
        {"Or", "", 2, 2, 1, 1, {}, comparison<bool_type>},
        {"PRelu", "", 2, 2, 1, 1, {}, prelu},
        {"Pow", "", 2, 2, 1, 1, {}, power},
        {"Sub", "", 2, 2, 1, 1, {}, arithmetic<number_types>},
        {"Sum", "", 1, any_number, 1, 1, {}, variadic<float_types>},
        {"Where", "", 3, 3, 1, 1, {}, where, 9},
        {"Xor", "", 2, 2, 1, 1, {}, comparison<bool_type>},
    };
}

} // namespace detect
