// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

namespace detect {

using namespace rules;

namespace {

/// Scale and zero point: one number, or one per slice along `axis`.
Result<void> check_parameter(const ShapeContext& context, std::size_t index) {
    const auto& input = context.input(0).shape;
    const auto& given = context.input(index).shape;
    if (!input || !given || given->empty()) return {};
    if (given->size() > 1)
        return context.error("input " + std::to_string(index) + " is " + to_string(given) +
                             ", expected a number or a vector");
    if ((*given)[0].size == 1) return {};
    if (context.opset() < 13) return context.error("takes one scale for the whole tensor before opset 13");
    DETECT_TRY_ASSIGN(const std::size_t axis, resolve_axis(context, context.node().int_or("axis", 1), input->size()));
    if (differ((*given)[0], (*input)[axis])) {
        return context.error("input " + std::to_string(index) + " is " + to_string(given) + " for axis " +
                             std::to_string(axis) + " of " + to_string(input));
    }
    return {};
}

Result<void> quantize(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, type_set({DataType::float32, DataType::int32})));
    DETECT_TRY(require_type(context, 1, type_set({DataType::float32})));
    DETECT_TRY(require_type(context, 2, byte_types));
    DETECT_TRY(check_parameter(context, 1));
    DETECT_TRY(check_parameter(context, 2));
    context.set_output(0, context.has_input(2) ? context.input(2).type : DataType::uint8, context.input(0).shape);
    return {};
}

Result<void> dequantize(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, byte_types | type_set({DataType::int32})));
    DETECT_TRY(require_type(context, 1, type_set({DataType::float32})));
    DETECT_TRY(require_same_type(context, 0, 2));
    DETECT_TRY(check_parameter(context, 1));
    DETECT_TRY(check_parameter(context, 2));
    context.set_output(0, DataType::float32, context.input(0).shape);
    return {};
}

Result<void> dynamic_quantize(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, type_set({DataType::float32})));
    context.set_output(0, DataType::uint8, context.input(0).shape);
    context.set_output(1, DataType::float32, Shape{});
    context.set_output(2, DataType::uint8, Shape{});
    return {};
}

} // namespace

std::vector<Operator> quantization_operators() {
    using enum AttributeKind;
    return {
        {.name = "DequantizeLinear",
         .since = 10,
         .inputs = between(2, 3),
         .attributes = {{"axis", integer}},
         .infer = dequantize},
        {.name = "DynamicQuantizeLinear", .since = 11, .outputs = 3, .infer = dynamic_quantize},
        {.name = "QuantizeLinear",
         .since = 10,
         .inputs = between(2, 3),
         .attributes = {{"axis", integer}},
         .infer = quantize},
    };
}

} // namespace detect
