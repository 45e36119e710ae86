// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/integer_products.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"
#include "graph/operators/window_attributes.h"

#include <algorithm>
#include <array>

namespace detect {

using namespace rules;

const IntegerProduct& integer_product(std::string_view op) {
    static constexpr std::size_t none = IntegerOperand::none;
    static constexpr std::array<IntegerProduct, 4> products{{
        {"ConvInteger", "Conv", {0, none, 2}, {1, none, 3}, {}, none},
        {"MatMulInteger", "MatMul", {0, none, 2}, {1, none, 3}, {}, none},
        {"QLinearConv", "Conv", {0, 1, 2}, {3, 4, 5}, {none, 6, 7}, 8},
        {"QLinearMatMul", "MatMul", {0, 1, 2}, {3, 4, 5}, {none, 6, 7}, none},
    }};
    return *std::ranges::find(products, op, &IntegerProduct::op);
}

namespace {

Result<void> check_types(const ShapeContext& context, const IntegerProduct& product) {
    for (const IntegerOperand* operand : {&product.a, &product.b, &product.result}) {
        if (operand->value != IntegerOperand::none) {
            DETECT_TRY(require_type(context, operand->value, byte_types));
            DETECT_TRY(require_same_type(context, operand->value, operand->zero_point));
        }
        DETECT_TRY(require_type(context, operand->scale, type_set({DataType::float32})));
        DETECT_TRY(require_type(context, operand->zero_point, byte_types));
    }
    return require_type(context, product.bias, type_set({DataType::int32}));
}

/// What the product of real numbers of these sizes is.
Result<std::optional<Shape>> product_shape(const ShapeContext& context, const IntegerProduct& product) {
    Node node = context.node();
    node.op = product.of;
    std::vector<ShapeContext::Input> inputs;
    for (const std::size_t index : {product.a.value, product.b.value, product.bias}) {
        ShapeContext::Input input = context.input(index);
        input.type = DataType::float64;
        input.constant = nullptr;
        inputs.push_back(std::move(input));
    }
    ShapeContext of_reals(node, context.opset(), std::move(inputs), 1);
    DETECT_TRY(find_operator("", product.of)->infer(of_reals));
    return of_reals.outputs()[0].shape;
}

/// A scale or zero point is a number, or goes along an axis of its operand.
Result<void> check_parameter(const ShapeContext& context, const IntegerProduct& product, const IntegerOperand& operand,
                             std::size_t index, const std::optional<Shape>& sizes) {
    std::optional<Shape> parameter = context.input(index).shape;
    if (!parameter || !sizes || parameter->empty() || (parameter->size() == 1 && (*parameter)[0].size == 1)) return {};
    if (parameter->size() == 1) parameter->resize(1 + product.axes_behind(operand, sizes->size()), Dim(1));
    DETECT_TRY_ASSIGN(const bool fits, broadcasts_to(context, *parameter, *sizes));
    if (fits) return {};
    return context.error("input " + std::to_string(index) + " is " + to_string(context.input(index).shape) +
                         ", which does not fit " + to_string(sizes));
}

Result<void> multiply_integers(ShapeContext& context) {
    const IntegerProduct& product = integer_product(context.node().op);
    DETECT_TRY(check_types(context, product));
    DETECT_TRY_ASSIGN(const std::optional<Shape> shape, product_shape(context, product));
    for (const IntegerOperand* operand : {&product.a, &product.b, &product.result}) {
        const auto& sizes = operand == &product.result ? shape : context.input(operand->value).shape;
        DETECT_TRY(check_parameter(context, product, *operand, operand->scale, sizes));
        DETECT_TRY(check_parameter(context, product, *operand, operand->zero_point, sizes));
    }
    // The scales of both operands go into the result's.
    if (product.is_requantised()) DETECT_TRY(check_parameter(context, product, product.result, product.a.scale, shape));
    context.set_output(0, product.is_requantised() ? context.input(product.result.zero_point).type : DataType::int32,
                       shape);
    return {};
}

} // namespace

std::vector<Operator> integer_product_operators() {
    return {
        {.name = "ConvInteger",
         .since = 10,
         .inputs = between(2, 4),
         .attributes = convolution_attributes(),
         .infer = multiply_integers,
         .work = Work::unbounded},
        {.name = "MatMulInteger",
         .since = 10,
         .inputs = between(2, 4),
         .infer = multiply_integers,
         .work = Work::unbounded},
        {.name = "QLinearConv",
         .since = 10,
         .inputs = between(8, 9),
         .attributes = convolution_attributes(),
         .infer = multiply_integers,
         .work = Work::unbounded},
        {.name = "QLinearMatMul", .since = 10, .inputs = 8, .infer = multiply_integers, .work = Work::unbounded},
    };
}

} // namespace detect
