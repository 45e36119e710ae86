// SPDX-License-Identifier: Apache-2.0
#include "export/precision/quantizable_layers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace detect {

namespace {

/// Nodes that read each value, by value index.
std::vector<std::vector<std::size_t>> readers_of(const Graph& graph) {
    std::vector<std::vector<std::size_t>> readers(graph.values.size());
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        for (const ValueId id : graph.nodes[n].inputs) {
            if (id.present()) readers[static_cast<std::size_t>(id.index)].push_back(n);
        }
    }
    return readers;
}

bool is_float_constant(const Graph& graph, ValueId id, std::size_t least_rank) {
    if (!graph.is_constant(id) || graph[id].editable) return false;
    const Tensor& tensor = graph[id].constant;
    return tensor.type() == DataType::float32 && tensor.dims().rank() >= least_rank && tensor.element_count() > 0;
}

bool is_quantizable(const Graph& graph, const Node& node) {
    if (!node.domain.empty() || node.inputs.size() != 3) return false;
    if (!is_float_constant(graph, node.inputs[1], 2) || !is_float_constant(graph, node.inputs[2], 1)) return false;
    const Dims& weight = graph[node.inputs[1]].constant.dims();
    const Dims& bias = graph[node.inputs[2]].constant.dims();
    if (bias.rank() != 1 || bias[0] != weight[0] || graph.is_constant(node.inputs[0])) return false;
    if (node.op == "Conv") return weight.rank() == 4;
    return node.op == "Gemm" && node.int_or("transB", 0) == 1 && node.int_or("transA", 0) == 0 &&
           node.float_or("alpha", 1.0F) == 1.0F && node.float_or("beta", 1.0F) == 1.0F;
}

/// A map of one pixel.
bool is_pooled(const Value& value) {
    return value.shape && value.shape->size() == 4 && (*value.shape)[2] == Dim(1) && (*value.shape)[3] == Dim(1);
}

class Finder {
public:
    explicit Finder(const Graph& graph) : graph_(graph), readers_(readers_of(graph)) {}

    [[nodiscard]] QuantizableLayer describe(std::size_t n) const {
        const Node& node = graph_.nodes[n];
        const ValueId result = behind_activation(node.outputs[0]);
        return {.name = node.name,
                .kind = kind_of(node, result),
                .node = n,
                .input = node.inputs[0],
                .output = node.outputs[0],
                .result = result,
                .channels = static_cast<std::size_t>(graph_[node.inputs[1]].constant.dims()[0])};
    }

private:
    [[nodiscard]] const std::vector<std::size_t>& readers(ValueId id) const {
        return readers_[static_cast<std::size_t>(id.index)];
    }

    [[nodiscard]] ValueId behind_activation(ValueId output) const {
        const auto& direct = readers(output);
        if (direct.size() == 1) {
            const Node& reader = graph_.nodes[direct[0]];
            return reader.op == "Relu" || reader.op == "HardSwish" ? reader.outputs[0] : output;
        }
        // HardSwish as older opsets write it.
        if (direct.size() != 2) return output;
        const Node& gate = graph_.nodes[direct[0]];
        const Node& product = graph_.nodes[direct[1]];
        const bool is_hard_swish = gate.op == "HardSigmoid" && product.op == "Mul" && product.inputs[0] == output &&
                                   product.inputs[1] == gate.outputs[0];
        return is_hard_swish ? product.outputs[0] : output;
    }

    [[nodiscard]] QuantizableLayer::Kind kind_of(const Node& node, ValueId result) const {
        if (node.op == "Conv" && is_pooled(graph_[node.inputs[0]])) return QuantizableLayer::Kind::gate;
        static constexpr std::array<std::string_view, 7> inside{
            "Conv", "Gemm", "Add", "Mul", "RoiAlign", "MaxPool", "GlobalAveragePool"};
        const bool is_last = std::ranges::none_of(readers(result), [&](std::size_t reader) {
            return std::ranges::find(inside, graph_.nodes[reader].op) != inside.end();
        });
        return is_last ? QuantizableLayer::Kind::predictor : QuantizableLayer::Kind::hidden;
    }

    const Graph& graph_;
    std::vector<std::vector<std::size_t>> readers_;
};

/// Which values are stored in 8 bits. Decided from the back: what a value may be depends on its readers.
class StoredInBytes {
public:
    StoredInBytes(const Graph& graph, const std::vector<QuantizableLayer>& layers, const std::vector<bool>& chosen)
        : graph_(graph), readers_(readers_of(graph)), quantized_(graph.values.size(), false) {
        for (std::size_t i = 0; i < layers.size(); ++i) {
            if (!chosen[i]) continue;
            mark(layers[i].input);
            results_.push_back(layers[i].result);
        }
        for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
            for (const ValueId output : node->outputs) {
                if (is_result(output) && only_goes_to_quantized(output)) mark(output);
            }
        }
    }

    [[nodiscard]] std::vector<ValueId> in_order() const {
        std::vector<ValueId> values;
        for (const ValueId id : graph_.inputs) {
            if (is_quantized(id)) values.push_back(id);
        }
        for (const Node& node : graph_.nodes) {
            for (const ValueId id : node.outputs) {
                if (id.present() && is_quantized(id)) values.push_back(id);
            }
        }
        return values;
    }

private:
    void mark(ValueId id) { quantized_[static_cast<std::size_t>(id.index)] = true; }
    [[nodiscard]] bool is_quantized(ValueId id) const { return quantized_[static_cast<std::size_t>(id.index)]; }
    [[nodiscard]] bool is_result(ValueId id) const { return std::ranges::find(results_, id) != results_.end(); }

    [[nodiscard]] bool only_goes_to_quantized(ValueId id) const {
        const auto& readers = readers_[static_cast<std::size_t>(id.index)];
        bool any = false;
        for (const std::size_t n : readers) {
            const Node& reader = graph_.nodes[n];
            const bool sum = (reader.op == "Add" || reader.op == "Mul") && is_quantized(reader.outputs[0]);
            if (!sum && reader.op != "GlobalAveragePool") return is_quantized(id);
            any = any || sum;
        }
        return any;
    }

    const Graph& graph_;
    std::vector<std::vector<std::size_t>> readers_;
    std::vector<bool> quantized_;
    std::vector<ValueId> results_;
};

} // namespace

std::string_view to_string(QuantizableLayer::Kind kind) {
    switch (kind) {
    case QuantizableLayer::Kind::hidden: return "hidden";
    case QuantizableLayer::Kind::gate: return "gate";
    case QuantizableLayer::Kind::predictor: return "predictor";
    }
    return "";
}

std::vector<QuantizableLayer> find_quantizable_layers(const Graph& graph) {
    const Finder finder(graph);
    std::vector<QuantizableLayer> layers;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        if (is_quantizable(graph, graph.nodes[n])) layers.push_back(finder.describe(n));
    }
    return layers;
}

std::vector<ValueId> quantized_values(const Graph& graph, const std::vector<QuantizableLayer>& layers,
                                      const std::vector<bool>& chosen) {
    return StoredInBytes(graph, layers, chosen).in_order();
}

} // namespace detect
