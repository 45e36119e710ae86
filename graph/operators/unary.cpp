// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

namespace detect {

using namespace rules;

namespace {

template <TypeSet allowed>
Result<void> predicate(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, allowed));
    context.set_output(0, DataType::boolean, context.input(0).shape);
    return {};
}

Result<void> clip(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    for (const std::size_t bound : {std::size_t{1}, std::size_t{2}}) {
        if (!context.has_input(bound)) continue;
        if (context.opset() < 11) return context.error("'min' and 'max' are attributes before opset 11");
        DETECT_TRY(require_same_type(context, 0, bound));
        const auto& shape = context.input(bound).shape;
        if (shape && product(*shape, 0, shape->size()).size.value_or(1) != 1) {
            return context.error("'min' and 'max' must be single numbers, input " + std::to_string(bound) + " is " +
                                 to_string(shape));
        }
    }
    const auto& attributes = context.node().attributes;
    if (context.opset() >= 11 && (attributes.contains("min") || attributes.contains("max"))) {
        return context.error("'min' and 'max' are inputs from opset 11 on");
    }
    return same_as_input(context);
}

Result<void> require_target_type(const ShapeContext& context, DataType type) {
    if ((any_type >> static_cast<unsigned>(type) & 1U) == 0) {
        return unsupported(context, "casts to " + std::string(to_string(type)));
    }
    return {};
}

Result<void> cast(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    const std::int64_t to = context.node().int_or("to", 0);
    if (to < 0 || to > 31) return context.error("casts to an unknown type, number " + std::to_string(to));
    const auto type = static_cast<DataType>(to);
    DETECT_TRY(require_target_type(context, type));
    context.set_output(0, type, context.input(0).shape);
    return {};
}

Result<void> cast_like(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    const DataType type = context.input(1).type;
    DETECT_TRY(require_target_type(context, type));
    context.set_output(0, type, context.input(0).shape);
    return {};
}

Result<void> dropout(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    const ShapeContext::Input& training = context.input(2);
    if (training.present) {
        DETECT_TRY(require_type(context, 2, bool_type));
        if (training.constant == nullptr || training.constant->element_count() != 1 ||
            training.constant->data<bool>()[0]) {
            return unsupported(context, "runs in training mode; export the model with model.eval()");
        }
    }
    context.set_output(1, DataType::boolean, context.input(0).shape);
    return same_as_input(context);
}

} // namespace

std::vector<Operator> unary_operators() {
    using enum AttributeKind;
    return {
        {.name = "Abs", .infer = unary<number_types>, .elementwise = true},
        {.name = "Acos", .infer = unary<float_types>},
        {.name = "Acosh", .since = 9, .infer = unary<float_types>},
        {.name = "Asin", .infer = unary<float_types>},
        {.name = "Asinh", .since = 9, .infer = unary<float_types>},
        {.name = "Atan", .infer = unary<float_types>},
        {.name = "Atanh", .since = 9, .infer = unary<float_types>},
        {.name = "Cast", .attributes = {{"to", integer, required}}, .infer = cast, .moves_numbers = true},
        {.name = "CastLike", .since = 15, .inputs = 2, .infer = cast_like},
        {.name = "Ceil", .infer = unary<float_types>, .elementwise = true},
        {.name = "Celu", .since = 12, .attributes = {{"alpha", real}}, .infer = unary<float_types>},
        {.name = "Clip",
         .inputs = between(1, 3),
         .attributes = {{"min", real}, {"max", real}},
         .infer = clip,
         .elementwise = true},
        {.name = "Cos", .infer = unary<float_types>},
        {.name = "Cosh", .since = 9, .infer = unary<float_types>},
        {.name = "Dropout",
         .inputs = between(1, 3),
         .outputs = between(1, 2),
         .attributes = {{"ratio", real}, {"seed", integer}},
         .infer = dropout},
        {.name = "Elu", .attributes = {{"alpha", real}}, .infer = unary<float_types>, .elementwise = true},
        {.name = "Erf", .since = 9, .infer = unary<number_types>, .elementwise = true},
        {.name = "Exp", .infer = unary<float_types>, .elementwise = true},
        {.name = "Floor", .infer = unary<float_types>, .elementwise = true},
        {.name = "HardSigmoid",
         .attributes = {{"alpha", real}, {"beta", real}},
         .infer = unary<float_types>,
         .elementwise = true},
        {.name = "HardSwish", .since = 14, .infer = unary<float_types>, .elementwise = true},
        {.name = "Identity", .infer = unary<any_type>, .moves_numbers = true},
        {.name = "IsInf",
         .since = 10,
         .attributes = {{"detect_negative", integer}, {"detect_positive", integer}},
         .infer = predicate<float_types>},
        {.name = "IsNaN", .since = 9, .infer = predicate<float_types>},
        {.name = "LeakyRelu", .attributes = {{"alpha", real}}, .infer = unary<float_types>, .elementwise = true},
        {.name = "Log", .infer = unary<float_types>},
        {.name = "Neg", .infer = unary<signed_types>, .elementwise = true},
        {.name = "Not", .infer = predicate<bool_type>},
        {.name = "Reciprocal", .infer = unary<float_types>},
        {.name = "Relu", .infer = unary<signed_types>, .elementwise = true},
        {.name = "Round", .since = 11, .infer = unary<float_types>},
        {.name = "Selu", .attributes = {{"alpha", real}, {"gamma", real}}, .infer = unary<float_types>},
        {.name = "Shrink", .since = 9, .attributes = {{"lambd", real}, {"bias", real}}, .infer = unary<number_types>},
        {.name = "Sigmoid", .infer = unary<float_types>, .elementwise = true},
        {.name = "Sign", .since = 9, .infer = unary<number_types>},
        {.name = "Sin", .infer = unary<float_types>},
        {.name = "Sinh", .since = 9, .infer = unary<float_types>},
        {.name = "Softplus", .infer = unary<float_types>},
        {.name = "Softsign", .infer = unary<float_types>},
        {.name = "Sqrt", .infer = unary<float_types>, .elementwise = true},
        {.name = "Tan", .infer = unary<float_types>},
        {.name = "Tanh", .infer = unary<float_types>, .elementwise = true},
        {.name = "ThresholdedRelu", .since = 10, .attributes = {{"alpha", real}}, .infer = unary<float_types>},
    };
}

} // namespace detect
