// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

namespace detect {

using namespace rules;

namespace {

constexpr AttributeKind real = AttributeKind::real;

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
    const std::vector<AttributeRule> is_inf_attributes = {{"detect_negative", AttributeKind::integer},
                                                          {"detect_positive", AttributeKind::integer}};
    return {
        {"Abs", "", 1, 1, 1, 1, {}, unary<number_types>},
        {"Acos", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Acosh", "", 1, 1, 1, 1, {}, unary<float_types>, 9},
        {"Asin", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Asinh", "", 1, 1, 1, 1, {}, unary<float_types>, 9},
        {"Atan", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Atanh", "", 1, 1, 1, 1, {}, unary<float_types>, 9},
        {"Cast", "", 1, 1, 1, 1, {{"to", AttributeKind::integer, true}}, cast},
        {"CastLike", "", 2, 2, 1, 1, {}, cast_like, 15},
        {"Ceil", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Celu", "", 1, 1, 1, 1, {{"alpha", real}}, unary<float_types>, 12},
        {"Clip", "", 1, 3, 1, 1, {{"min", real}, {"max", real}}, clip},
        {"Cos", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Cosh", "", 1, 1, 1, 1, {}, unary<float_types>, 9},
        {"Dropout", "", 1, 3, 1, 2, {{"ratio", real}, {"seed", AttributeKind::integer}}, dropout},
        {"Elu", "", 1, 1, 1, 1, {{"alpha", real}}, unary<float_types>},
        {"Erf", "", 1, 1, 1, 1, {}, unary<number_types>, 9},
        {"Exp", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Floor", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"HardSigmoid", "", 1, 1, 1, 1, {{"alpha", real}, {"beta", real}}, unary<float_types>},
        {"HardSwish", "", 1, 1, 1, 1, {}, unary<float_types>, 14},
        {"Identity", "", 1, 1, 1, 1, {}, unary<any_type>},
        {"IsInf", "", 1, 1, 1, 1, is_inf_attributes, predicate<float_types>, 10},
        {"IsNaN", "", 1, 1, 1, 1, {}, predicate<float_types>, 9},
        {"LeakyRelu", "", 1, 1, 1, 1, {{"alpha", real}}, unary<float_types>},
        {"Log", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Neg", "", 1, 1, 1, 1, {}, unary<signed_types>},
        {"Not", "", 1, 1, 1, 1, {}, predicate<bool_type>},
        {"Reciprocal", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Relu", "", 1, 1, 1, 1, {}, unary<signed_types>},
        {"Round", "", 1, 1, 1, 1, {}, unary<float_types>, 11},
        {"Selu", "", 1, 1, 1, 1, {{"alpha", real}, {"gamma", real}}, unary<float_types>},
        {"Shrink", "", 1, 1, 1, 1, {{"lambd", real}, {"bias", real}}, unary<number_types>, 9},
        {"Sigmoid", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Sign", "", 1, 1, 1, 1, {}, unary<number_types>, 9},
        {"Sin", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Sinh", "", 1, 1, 1, 1, {}, unary<float_types>, 9},
        {"Softplus", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Softsign", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Sqrt", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Tan", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"Tanh", "", 1, 1, 1, 1, {}, unary<float_types>},
        {"ThresholdedRelu", "", 1, 1, 1, 1, {{"alpha", real}}, unary<float_types>, 10},
    };
}

} // namespace detect
