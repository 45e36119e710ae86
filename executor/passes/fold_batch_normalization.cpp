// SPDX-License-Identifier: Apache-2.0
#include "executor/passes/passes.h"

#include "base/try.h"

#include <cmath>

namespace detect {

namespace {

/// The five per-channel vectors of inference-mode BatchNormalization, if they are all float32 constants.
struct BatchNorm {
    std::span<const float> scale, bias, mean, variance;
    double epsilon = 1e-5;
};

std::optional<BatchNorm> read_batch_norm(const Graph& graph, const Node& node) {
    if (node.op != "BatchNormalization" || !node.domain.empty() || node.inputs.size() != 5) return std::nullopt;
    if (node.int_or("training_mode", 0) != 0) return std::nullopt;
    for (std::size_t i = 1; i < 5; ++i) {
        const ValueId id = node.inputs[i];
        if (!graph.is_constant(id) || graph[id].editable || graph[id].type != DataType::float32) return std::nullopt;
    }
    const auto data = [&](std::size_t i) { return graph[node.inputs[i]].constant.data<float>(); };
    return BatchNorm{data(1), data(2), data(3), data(4), static_cast<double>(node.float_or("epsilon", 1e-5F))};
}

/// weight'[o] = weight[o] · s, bias'[o] = (bias[o] − mean[o]) · s + beta[o], with s = scale[o] / sqrt(variance[o] + ε).
Result<void> fold(Graph& graph, Node& convolution, const BatchNorm& norm) {
    const Tensor weight = graph[convolution.inputs[1]].constant;
    const std::size_t channels = norm.scale.size();
    const std::size_t per_channel = channels == 0 ? 0 : weight.data<float>().size() / channels;
    DETECT_TRY_ASSIGN(Tensor new_weight, Tensor::create(DataType::float32, weight.dims()));
    DETECT_TRY_ASSIGN(Tensor new_bias, Tensor::create(DataType::float32, {static_cast<std::int64_t>(channels)}));
    for (std::size_t o = 0; o < channels; ++o) {
        const double factor =
            static_cast<double>(norm.scale[o]) / std::sqrt(static_cast<double>(norm.variance[o]) + norm.epsilon);
        for (std::size_t i = o * per_channel; i < (o + 1) * per_channel; ++i) {
            new_weight.mutable_data<float>()[i] =
                static_cast<float>(static_cast<double>(weight.data<float>()[i]) * factor);
        }
        const double old_bias = convolution.input(2).present()
                                    ? static_cast<double>(graph[convolution.inputs[2]].constant.data<float>()[o])
                                    : 0.0;
        new_bias.mutable_data<float>()[o] = static_cast<float>((old_bias - static_cast<double>(norm.mean[o])) * factor +
                                                               static_cast<double>(norm.bias[o]));
    }
    std::string base = graph[convolution.inputs[1]].name;
    if (base.ends_with(".weight")) base.resize(base.size() - std::string_view(".weight").size());
    convolution.inputs.resize(3);
    convolution.inputs[1] = graph.add_constant(base + ".folded_weight", std::move(new_weight));
    convolution.inputs[2] = graph.add_constant(base + ".folded_bias", std::move(new_bias));
    return {};
}

bool is_foldable(const Graph& graph, const Node& node, std::size_t channels) {
    if (node.op != "Conv" || !node.domain.empty()) return false;
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const ValueId id = node.inputs[i];
        if (!id.present()) continue;
        if (!graph.is_constant(id) || graph[id].editable || graph[id].type != DataType::float32) return false;
    }
    const Dims& weight = graph[node.inputs[1]].constant.dims();
    return weight.rank() >= 3 && weight[0] == static_cast<std::int64_t>(channels);
}

} // namespace

Result<int> fold_batch_normalization(Graph& graph) {
    int changes = 0;
    const std::vector<int> uses = graph.use_counts();
    const std::vector<std::int32_t> producers = graph.producers();
    // New constants are added below: indices into `uses` and `producers` stay valid, references into values do not.
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const auto norm = read_batch_norm(graph, graph.nodes[i]);
        if (!norm) continue;
        const auto source = static_cast<std::size_t>(graph.nodes[i].inputs[0].index);
        if (producers[source] < 0 || uses[source] != 1) continue;
        Node& convolution = graph.nodes[static_cast<std::size_t>(producers[source])];
        if (!is_foldable(graph, convolution, norm->scale.size())) continue;
        DETECT_TRY(fold(graph, convolution, *norm));
        // The convolution takes over the name of the value, so that outputs and named values keep theirs.
        convolution.outputs[0] = graph.nodes[i].outputs[0];
        graph.nodes[i].outputs[0] = graph.nodes[i].inputs[0];
        graph.nodes[i].op = "";
        ++changes;
    }
    std::erase_if(graph.nodes, [](const Node& node) { return node.op.empty(); });
    if (changes > 0) graph.remove_unused();
    return changes;
}

} // namespace detect
