// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/nodes.h"

#include "graph/operators/window_attributes.h"

#include <algorithm>
#include <cmath>

namespace detect {

ValueId other_input(const Node& node, ValueId id) { return node.inputs[0] == id ? node.inputs[1] : node.inputs[0]; }

bool is_bytes(const Value& value) { return value.type == DataType::uint8 || value.type == DataType::int8; }

bool is_rank_4(const Value& value) { return value.shape && value.shape->size() == 4; }

bool has_unit_pixels(const Value& value) {
    return is_rank_4(value) && (*value.shape)[2].size == 1 && (*value.shape)[3].size == 1;
}

bool is_number(const Value& value) {
    const Tensor& tensor = value.constant;
    return tensor.defined() && tensor.element_count() == 1 && tensor.dims().rank() <= 4;
}

bool is_last_axis(std::int64_t axis, const Value& value) {
    if (axis == -1) return true;
    return value.shape && axis == static_cast<std::int64_t>(value.shape->size()) - 1;
}

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

std::optional<Conv2dParameters> convolution_parameters(const Node& node, const Dims& weight) {
    if (node.string_or("auto_pad", "NOTSET") != "NOTSET") return std::nullopt;
    const auto windows = window_attributes(node, 2, weight.sizes().subspan(2));
    if (!windows) return std::nullopt;
    const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
    const Window& rows = windows->axes[0];
    const Window& columns = windows->axes[1];
    const std::int64_t groups = node.int_or("group", 1);
    return Conv2dParameters{.input_channels = size(weight[1] * groups),
                            .output_channels = size(weight[0]),
                            .kernel_h = size(rows.kernel),
                            .kernel_w = size(columns.kernel),
                            .stride_h = size(rows.stride),
                            .stride_w = size(columns.stride),
                            .pad_top = size(rows.pad_begin),
                            .pad_left = size(columns.pad_begin),
                            .pad_bottom = size(rows.pad_end),
                            .pad_right = size(columns.pad_end),
                            .dilation_h = size(rows.dilation),
                            .dilation_w = size(columns.dilation),
                            .groups = size(groups)};
}

std::optional<Shortcut> shortcut_behind(const GraphView& graph, ValueId x) {
    const auto add = graph.free_reader(x, "Add");
    if (!add) return std::nullopt;
    const ValueId other = other_input(graph.node(*add), x);
    const auto& shape = graph.value(x).shape;
    const bool fits = other != x && shape && graph.value(other).shape == shape;
    return fits && !graph.value(other).constant.defined() ? std::optional(Shortcut{*add, other}) : std::nullopt;
}

namespace {

/// HardSigmoid with torch's slope, while ONNX's default is another.
bool is_hard_sigmoid(const Node& node) {
    return node.domain.empty() && node.op == "HardSigmoid" &&
           std::abs(node.float_or("alpha", 0.2F) - 1.0F / 6.0F) < 1e-7F && node.float_or("beta", 0.5F) == 0.5F;
}

std::optional<Activation> as_activation(const Node& node) {
    if (!node.domain.empty()) return std::nullopt;
    if (node.op == "Relu") return Activation::relu;
    if (node.op == "HardSwish") return Activation::hard_swish;
    if (is_hard_sigmoid(node)) return Activation::hard_sigmoid;
    return std::nullopt;
}

/// Before opset 14 hard-swish is x · HardSigmoid(x), which nothing else reads.
std::optional<FoundActivation> hard_swish_product(const GraphView& graph, ValueId x) {
    if (graph.readers(x).size() != 2 || graph.is_output(x)) return std::nullopt;
    for (const std::size_t gate : graph.readers(x)) {
        if (!graph.is_free(gate) || !is_hard_sigmoid(graph.node(gate))) continue;
        const auto product = graph.free_reader(graph.node(gate).outputs[0], "Mul");
        if (!product || std::ranges::find(graph.node(*product).inputs, x) == graph.node(*product).inputs.end())
            continue;
        return FoundActivation{Activation::hard_swish, {gate, *product}, graph.node(*product).outputs[0]};
    }
    return std::nullopt;
}

} // namespace

std::optional<FoundActivation> activation_behind(const GraphView& graph, ValueId x) {
    if (const auto next = graph.free_reader(x)) {
        if (const auto activation = as_activation(graph.node(*next)))
            return FoundActivation{*activation, {*next}, graph.node(*next).outputs[0]};
    }
    return hard_swish_product(graph, x);
}

std::optional<std::size_t> mean_of(const GraphView& graph, ValueId x) {
    for (const std::size_t reader : graph.readers(x)) {
        if (graph.node(reader).op == "GlobalAveragePool" && graph.is_free(reader)) return reader;
    }
    return std::nullopt;
}

} // namespace detect
