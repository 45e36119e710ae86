// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/lowering.h"
#include "executor/steps/batched_product_step.h"
#include "executor/steps/row_steps.h"
#include "executor/steps/transpose_step.h"

#include <algorithm>

namespace detect {

namespace {

/// Whether an axis, which may count from the back, is the last one of a value.
bool is_last_axis(std::int64_t axis, const Value& value) {
    if (axis == -1) return true;
    return value.shape && axis == static_cast<std::int64_t>(value.shape->size()) - 1;
}

/// The order of a Transpose's axes, empty if they are to be reversed; nothing if what the node says is no permutation.
std::optional<std::vector<std::size_t>> permutation_of(const Node& transpose) {
    std::vector<std::size_t> order;
    const auto* given = transpose.attribute<std::vector<std::int64_t>>("perm");
    if (given == nullptr) return order;
    for (const std::int64_t axis : *given) order.push_back(static_cast<std::size_t>(axis));
    std::vector<std::size_t> sorted = order;
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (sorted[i] != i) return std::nullopt;
    }
    return order;
}

/// The last two axes change places, all others stay.
bool swaps_last_axes(const Node& node) {
    if (node.op != "Transpose" || !node.domain.empty()) return false;
    auto order = permutation_of(node);
    if (!order || order->size() < 2) return false;
    std::swap(order->back(), (*order)[order->size() - 2]);
    return std::ranges::is_sorted(*order);
}

} // namespace

/// ReduceMean over the last axis, which stays as one of one element.
bool Lowering::is_row_mean(const Node& node) const {
    if (node.op != "ReduceMean" || !node.domain.empty() || node.int_or("keepdims", 1) == 0) return false;
    const auto* axes = node.attribute<std::vector<std::int64_t>>("axes");
    return axes != nullptr && axes->size() == 1 && value(node.inputs[0]).type == DataType::float32 &&
           is_last_axis(axes->front(), value(node.inputs[0]));
}

/// A constant with a number for each element of the last axis of x.
bool Lowering::are_row_weights(ValueId id, ValueId x) const {
    const Tensor* weights = constant(id, DataType::float32);
    const auto& shape = value(x).shape;
    return weights != nullptr && shape && !shape->empty() && shape->back().size &&
           weights->dims() == Dims{*shape->back().size};
}

/// The normalisation as it is written before opset 17: with d = x - mean(x), d / √(mean(d²) + epsilon) · scale + bias.
bool Lowering::group_layer_norm(std::size_t n) {
    const Node& difference = node(n);
    if (difference.op != "Sub" || !difference.domain.empty() || grouped_[n]) return false;
    const ValueId x = difference.inputs[0];
    const Node* const mean = producer(difference.inputs[1]);
    if (mean == nullptr || !is_row_mean(*mean) || mean->inputs[0] != x || !only_reader(mean->outputs[0])) return false;

    const auto next_of = [&](std::size_t member, std::string_view op) -> std::optional<std::size_t> {
        const auto next = only_reader(node(member).outputs[0]);
        return next && node(*next).op == op && node(*next).domain.empty() && !grouped_[*next] ? next : std::nullopt;
    };
    const ValueId d = difference.outputs[0];
    const auto& readers = readers_[static_cast<std::size_t>(d.index)];
    if (readers.size() != 2 || is_output_[static_cast<std::size_t>(d.index)]) return false;
    const auto square = std::ranges::find_if(readers, [&](std::size_t reader) {
        return node(reader).op == "Pow" && single_number(node(reader).inputs[1], d) == 2.F;
    });
    const auto quotient = std::ranges::find_if(
        readers, [&](std::size_t reader) { return node(reader).op == "Div" && node(reader).inputs[0] == d; });
    if (square == readers.end() || quotient == readers.end()) return false;
    const auto variance = next_of(*square, "ReduceMean");
    if (!variance || !is_row_mean(node(*variance))) return false;
    const auto sum = next_of(*variance, "Add");
    const auto root = sum ? next_of(*sum, "Sqrt") : std::nullopt;
    if (!root || next_of(*root, "Div") != *quotient) return false;
    if (!single_number(other_input(node(*sum), node(*variance).outputs[0]), x)) return false;

    const auto index = [&](ValueId id) {
        return static_cast<std::size_t>(producers_[static_cast<std::size_t>(id.index)]);
    };
    Group group{index(difference.inputs[1]), n, *square, *variance, *sum, *root, *quotient};
    const auto takes_weights = [&](std::optional<std::size_t> next) {
        return next && are_row_weights(other_input(node(*next), node(group.back()).outputs[0]), x);
    };
    if (const auto scale = next_of(*quotient, "Mul"); takes_weights(scale)) {
        group.push_back(*scale);
        if (const auto bias = next_of(*scale, "Add"); takes_weights(bias)) group.push_back(*bias);
    }
    claim(std::move(group), &Lowering::lower_layer_norm);
    return true;
}

Result<void> Lowering::lower_layer_norm(const Group& group) {
    constexpr std::size_t of_sum = 4;
    constexpr std::size_t of_scale = 7;
    const ValueId x = node(group[0]).inputs[0];
    const float epsilon = *single_number(other_input(node(group[of_sum]), node(group[of_sum - 1]).outputs[0]), x);
    std::vector<std::int32_t> inputs{in_layout(x, Layout::plain)};
    for (std::size_t i = of_scale; i < group.size(); ++i) {
        inputs.push_back(in_layout(other_input(node(group[i]), node(group[i - 1]).outputs[0]), Layout::plain));
    }
    const Node& last = node(group.back());
    append(make_layer_norm(kernel_table(isa_), epsilon), last.name, std::move(inputs),
           {slot(last.outputs[0], Layout::plain)});
    return {};
}

/// A product of two values, the second of which may be transposed first.
bool Lowering::group_matrix_product(std::size_t n) {
    const Node& product = node(n);
    if (product.op != "MatMul" || !product.domain.empty() || grouped_[n]) return false;
    if (value(product.inputs[0]).type != DataType::float32) return false;
    Group group{n};
    const Node* const before = producer(product.inputs[1]);
    if (before != nullptr && swaps_last_axes(*before) && only_reader(product.inputs[1])) {
        group.insert(group.begin(),
                     static_cast<std::size_t>(producers_[static_cast<std::size_t>(product.inputs[1].index)]));
    }
    claim(std::move(group), &Lowering::lower_matrix_product);
    return true;
}

Result<void> Lowering::lower_matrix_product(const Group& group) {
    const Node& product = node(group.back());
    const bool transposed = group.size() > 1;
    const ValueId second = transposed ? node(group.front()).inputs[0] : product.inputs[1];
    append(make_batched_product(kernel_table(isa_), transposed), product.name,
           {in_layout(product.inputs[0], Layout::plain), in_layout(second, Layout::plain)},
           {slot(product.outputs[0], Layout::plain)});
    return {};
}

/// Operators that work along the last axis, and the change of axes.
bool Lowering::lower_rows(const Node& node) {
    if (!node.domain.empty() || node.inputs.empty() || !node.inputs[0].present() || node.outputs.size() != 1)
        return false;
    const ValueId x = node.inputs[0];
    const KernelTable& kernels = kernel_table(isa_);
    std::shared_ptr<const Step> step;
    if (node.op == "Transpose") {
        auto order = permutation_of(node);
        if (order) step = make_transpose(*std::move(order));
    } else if (value(x).type == DataType::float32 && node.op == "Softmax") {
        const std::int64_t axis = node.int_or("axis", program_.graph_.opset < 13 ? 1 : -1);
        if (is_last_axis(axis, value(x))) step = make_softmax(kernels);
    } else if (value(x).type == DataType::float32 && node.op == "LayerNormalization") {
        const bool fits = is_last_axis(node.int_or("axis", -1), value(x)) && are_row_weights(node.inputs[1], x) &&
                          (!node.input(2).present() || are_row_weights(node.inputs[2], x));
        if (fits) step = make_layer_norm(kernels, node.float_or("epsilon", 1e-5F));
    }
    if (step == nullptr) return false;
    std::vector<std::int32_t> inputs;
    for (const ValueId id : node.inputs) inputs.push_back(id.present() ? in_layout(id, Layout::plain) : -1);
    append(std::move(step), node.name, std::move(inputs), {slot(node.outputs[0], Layout::plain)});
    return true;
}

} // namespace detect
