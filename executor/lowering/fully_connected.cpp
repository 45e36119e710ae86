// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/lowering.h"
#include "executor/lowering/nodes.h"
#include "executor/steps/fully_connected_step.h"
#include "executor/steps/region_product_step.h"

#include <algorithm>

namespace detect {

namespace {

/// Gemm as torch.nn.Linear exports it for two axes, x · Wᵀ + b or x · W + b, or MatMul as it does for more.
bool is_linear(const Node& node) {
    if (!node.domain.empty()) return false;
    return node.op == "MatMul" || (node.op == "Gemm" && node.float_or("alpha", 1.0F) == 1.0F &&
                                   node.float_or("beta", 1.0F) == 1.0F && node.int_or("transA", 0) == 0);
}

bool has_transposed_weight(const Node& node) { return node.op == "Gemm" && node.int_or("transB", 0) != 0; }

} // namespace

/// An Add behind a product takes its constant bias [n] from it.
bool Lowering::adds_bias(const Node& add, ValueId product, std::int64_t n) const {
    if (add.op != "Add" || !add.domain.empty()) return false;
    const ValueId other = other_input(add, product);
    const Tensor* bias = constant(other, DataType::float32);
    return other != product && bias != nullptr && bias->dims() == Dims{n};
}

/// An Add behind a product adds something computed that has as many axes, as far as is known.
bool Lowering::adds_residual(const Node& add, ValueId product) const {
    if (add.op != "Add" || !add.domain.empty()) return false;
    const ValueId other = other_input(add, product);
    const auto& shape = value(product).shape;
    const auto& other_shape = value(other).shape;
    return other != product && !value(other).constant.defined() && shape && other_shape &&
           shape->size() == other_shape->size();
}

bool Lowering::flattens_regions(ValueId rows) const {
    const Node* flatten = producer(rows);
    if (flatten == nullptr || flatten->op != "Flatten" || flatten->int_or("axis", 1) != 1) return false;
    const auto& shape = value(flatten->inputs[0]).shape;
    const Node* pooled = producer(flatten->inputs[0]);
    return shape && shape->size() == 4 && (*shape)[1].size && (*shape)[2].size && (*shape)[3].size &&
           pooled != nullptr && pooled->op == "RoiAlign";
}

bool Lowering::group_fully_connected(std::size_t n) {
    const Node& product = node(n);
    if (!is_linear(product)) return false;
    const Tensor* weight = constant(product.inputs[1], DataType::float32);
    if (weight == nullptr || weight->dims().rank() != 2 || weight->element_count() == 0) return false;
    const std::int64_t outputs = weight->dims()[has_transposed_weight(product) ? 0 : 1];
    if (product.input(2).present()) {
        const Tensor* bias = constant(product.inputs[2], DataType::float32);
        if (bias == nullptr || bias->dims() != Dims{outputs}) return false;
    }
    Group group{n};
    const auto next_of = [&](std::size_t member) -> std::optional<std::size_t> {
        const auto next = only_reader(node(member).outputs[0]);
        return next && !grouped_[*next] ? next : std::nullopt;
    };
    if (product.op == "MatMul") {
        const auto& shape = value(product.inputs[0]).shape;
        if (!shape || shape->size() < 2) return false;
        auto next = next_of(group.back());
        if (next && adds_bias(node(*next), product.outputs[0], outputs)) group.push_back(*next);
        next = next_of(group.back());
        if (next && adds_residual(node(*next), node(group.back()).outputs[0])) group.push_back(*next);
    }
    // Flatten of a pooled map: no need to bring it into another order first, if the weights are.
    if (has_transposed_weight(product) && only_reader(product.inputs[0]) && flattens_regions(product.inputs[0])) {
        const auto producer_of = [&](ValueId id) {
            return static_cast<std::size_t>(producers_[static_cast<std::size_t>(id.index)]);
        };
        group.insert(group.begin(), producer_of(product.inputs[0]));
        const ValueId pooled = node(group.front()).inputs[0];
        const std::size_t pooling = producer_of(pooled);
        if (only_reader(pooled) && !grouped_[pooling] && averages_regions(node(pooling)))
            group.insert(group.begin(), pooling);
    }
    if (const auto next = next_of(group.back()); next && node(*next).op == "Relu") group.push_back(*next);
    claim(std::move(group), &Lowering::lower_fully_connected);
    return true;
}

Result<void> Lowering::lower_fully_connected(const Group& group) {
    const bool pools = node(group.front()).op == "RoiAlign";
    const bool flattened = pools || node(group.front()).op == "Flatten";
    const std::size_t product_at = (pools ? 1U : 0U) + (flattened ? 1U : 0U);
    const Node& product = node(group[product_at]);
    const Tensor& weight = *constant(product.inputs[1], DataType::float32);
    const bool output_major = has_transposed_weight(product);
    const auto k = static_cast<std::size_t>(weight.dims()[output_major ? 1 : 0]);
    const auto n = static_cast<std::size_t>(weight.dims()[output_major ? 0 : 1]);

    std::vector<std::int32_t> inputs;
    std::size_t pixels = 1;
    if (flattened) {
        const ValueId map = node(group[product_at - 1]).inputs[0];
        const Shape& shape = *value(map).shape;
        const auto channels = static_cast<std::size_t>(*shape[1].size);
        pixels = static_cast<std::size_t>(*shape[2].size * *shape[3].size);
        if (channels * pixels != k)
            return Error{ErrorCode::bad_model, describe(product) + ": weights do not fit the input"};
        inputs = pools ? region_inputs(node(group.front())) : std::vector{in_layout(map, Layout::channels_last)};
    } else {
        inputs = {in_layout(product.inputs[0], Layout::plain)};
    }
    ValueId bias = product.input(2);
    FullyConnectedParameters parameters{.keeps_axes = product.op == "MatMul"};
    ValueId result = product.outputs[0];
    for (std::size_t i = product_at + 1; i < group.size(); ++i) {
        const Node& next = node(group[i]);
        if (next.op == "Relu") {
            parameters.activation = Activation::relu;
        } else if (i == product_at + 1 && adds_bias(next, result, static_cast<std::int64_t>(n))) {
            bias = other_input(next, result);
        } else {
            parameters.adds = true;
            inputs.push_back(in_layout(other_input(next, result), Layout::plain));
        }
        result = next.outputs[0];
    }
    const std::span<const float> bias_numbers =
        bias.present() ? value(bias).constant.data<float>() : std::span<const float>();
    const KernelTable& kernels = kernel_table(isa_);
    Tensor weights = take(product.inputs[1]);
    auto packed =
        output_major ? PackedMatrix::pack(kernels, std::move(weights), bias_numbers, pixels)
                     : PackedMatrix::pack(kernels, WeightOrder::input_major, weights.data<float>(), k, n, bias_numbers);
    if (!packed) return Error{packed.error().code, describe(product) + ": " + packed.error().message};
    auto step = pools ? make_region_product(kernels, roi_align_parameters(node(group.front()), program_.graph_.opset),
                                            *std::move(packed), parameters.activation)
                      : make_fully_connected_step(kernels, *std::move(packed), parameters);
    append(std::move(step), product.name, std::move(inputs), {slot(result, Layout::plain)});
    return {};
}

} // namespace detect
