// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/work.h"

#include "graph/operators/einsum.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace detect {

namespace {

constexpr double multiplied_at_once = 16.0;

/// 0 if a size is not known.
double elements(const std::optional<Shape>& shape, std::size_t first = 0) {
    if (!shape) return 0.0;
    double count = 1.0;
    for (std::size_t axis = first; axis < shape->size(); ++axis) {
        count *= static_cast<double>((*shape)[axis].size.value_or(0));
    }
    return count;
}

double size_or_zero(const std::optional<Shape>& shape, std::size_t axis) {
    return shape && axis < shape->size() ? static_cast<double>((*shape)[axis].size.value_or(0)) : 0.0;
}

/// Every output element is a sum over a filter; where a filter has one channel there is little to do at once.
double convolution_work(const ShapeContext& context, std::size_t weight_input) {
    const auto& weight = context.input(weight_input).shape;
    const double filter = elements(weight, 1);
    const bool one_channel = size_or_zero(weight, 1) == 1.0;
    return elements(context.outputs()[0].shape) * filter / (one_channel ? 2.0 : multiplied_at_once);
}

/// Every input element is spread over a filter.
double transposed_convolution_work(const ShapeContext& context) {
    return elements(context.input(0).shape) * elements(context.input(1).shape, 1);
}

/// Windows, as far as they can lie on the input.
double pooling_work(const ShapeContext& context) {
    const auto* kernel = context.node().attribute<std::vector<std::int64_t>>("kernel_shape");
    const auto& input = context.input(0).shape;
    if (kernel == nullptr || !input) return 0.0;
    double window = 1.0;
    for (std::size_t i = 0; i < kernel->size(); ++i) {
        window *= std::min(static_cast<double>((*kernel)[i]), std::max(size_or_zero(input, i + 2), 1.0));
    }
    return elements(context.outputs()[0].shape) * window;
}

double product_work(const ShapeContext& context) {
    const auto& a = context.input(0).shape;
    if (!a || a->empty()) return 0.0;
    const std::string_view op = context.node().op;
    const std::size_t summed = op == "Gemm" && context.node().int_or("transA", 0) != 0 ? 0 : a->size() - 1;
    return elements(context.outputs()[0].shape) * size_or_zero(a, summed) / multiplied_at_once;
}

/// The product of the sizes of all labels.
double einsum_work(const ShapeContext& context) {
    std::vector<std::size_t> ranks;
    for (std::size_t i = 0; i < context.input_count(); ++i) {
        if (!context.input(i).shape) return 0.0;
        ranks.push_back(context.input(i).shape->size());
    }
    const auto labels = parse_einsum(context.node().string_or("equation", ""), ranks);
    if (!labels) return 0.0; // the rule says so
    std::array<double, einsum_label_count> sizes{};
    sizes.fill(1.0);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        for (std::size_t axis = 0; axis < ranks[i]; ++axis) {
            double& size = sizes[static_cast<std::size_t>(labels->operands[i][axis])];
            size = std::max(size, size_or_zero(context.input(i).shape, axis));
        }
    }
    double work = static_cast<double>(ranks.size());
    for (const double size : sizes) work *= size;
    return work;
}

/// Each box is held against those that are kept.
double suppression_work(const ShapeContext& context) {
    const double boxes = size_or_zero(context.input(1).shape, 2);
    const auto& most = context.input(2);
    if (!most.present || most.constant == nullptr || most.constant->element_count() < 1) return 0.0;
    const double kept = std::min(boxes, static_cast<double>(most.constant->data<std::int64_t>()[0]));
    return elements(context.input(1).shape) * std::max(kept, 1.0);
}

double region_work(const ShapeContext& context) {
    const auto ratio = static_cast<double>(std::max<std::int64_t>(context.node().int_or("sampling_ratio", 0), 1));
    return 4.0 * ratio * ratio * elements(context.outputs()[0].shape);
}

double determinant_work(const ShapeContext& context) {
    const auto& input = context.input(0).shape;
    return input && !input->empty() ? elements(input) * size_or_zero(input, input->size() - 1) : 0.0;
}

} // namespace

double estimated_work(const ShapeContext& context) {
    const Node& node = context.node();
    const std::string_view op = node.op;
    if (!node.domain.empty() || context.output_count() == 0) return 0.0;
    if (op == "Conv" || op == "ConvInteger") return convolution_work(context, 1);
    if (op == "QLinearConv") return convolution_work(context, 3);
    if (op == "ConvTranspose") return transposed_convolution_work(context);
    if (op == "MaxPool" || op == "AveragePool") return pooling_work(context);
    constexpr double a_power = 20.0;
    if (op == "LpPool") return a_power * pooling_work(context);
    if (op == "MatMul" || op == "Gemm" || op == "MatMulInteger" || op == "QLinearMatMul") return product_work(context);
    if (op == "Einsum") return einsum_work(context);
    if (op == "NonMaxSuppression") return suppression_work(context);
    if (op == "RoiAlign") return region_work(context);
    if (op == "Det") return determinant_work(context);
    const double written = elements(context.outputs()[0].shape);
    if (op == "LRN") return written * static_cast<double>(node.int_or("size", 1));
    return written;
}

double estimated_work(const Graph& graph, const Node& node) {
    ShapeContext context(node, graph.opset, rule_inputs(graph, node), node.outputs.size());
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        if (node.outputs[i].present()) context.set_output(i, graph[node.outputs[i]].type, graph[node.outputs[i]].shape);
    }
    return estimated_work(context);
}

} // namespace detect
