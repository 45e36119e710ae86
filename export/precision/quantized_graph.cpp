// SPDX-License-Identifier: Apache-2.0
#include "export/precision/quantized_graph.h"

#include "base/try.h"
#include "export/precision/quantized_weights.h"

#include <algorithm>
#include <set>
#include <utility>

namespace detect {

namespace {

class Rewriter {
public:
    Rewriter(Graph graph, const QuantizationPlan& plan, WeightForm form)
        : graph_(std::move(graph)), plan_(plan), form_(form), dequantized_(graph_.values.size()),
          layer_at_(graph_.nodes.size(), -1) {
        for (const ValueId id : quantized_values(graph_, plan.layers, plan.chosen)) quantized_.insert(id);
        for (std::size_t i = 0; i < plan.layers.size(); ++i) {
            layer_at_[plan.layers[i].node] = static_cast<std::ptrdiff_t>(i);
        }
    }

    Result<Graph> run() {
        collect_least_scales();
        std::vector<Node> nodes = std::exchange(graph_.nodes, {});
        for (const ValueId input : graph_.inputs) DETECT_TRY(quantize_if_chosen(input));
        for (std::size_t n = 0; n < nodes.size(); ++n) {
            const std::vector<ValueId> outputs = nodes[n].outputs;
            DETECT_TRY(append(std::move(nodes[n]), layer_at_[n]));
            for (const ValueId output : outputs) DETECT_TRY(quantize_if_chosen(output));
        }
        graph_.remove_unused();
        DETECT_TRY(graph_.validate());
        return std::move(graph_);
    }

private:
    /// Of each weight, over all layers that share it.
    void collect_least_scales() {
        for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
            const Node& node = graph_.nodes[plan_.layers[i].node];
            const auto input = plan_.activations.find(node.inputs[0]);
            if (!plan_.chosen[i] || input == plan_.activations.end()) continue;
            const auto bias = graph_[node.inputs[2]].constant.data<float>();
            std::vector<float>& least = least_scales_[node.inputs[1]];
            least.resize(bias.size(), 0.0F);
            for (std::size_t c = 0; c < bias.size(); ++c)
                least[c] = std::max(least[c], least_weight_scale(bias[c], input->second.scale));
        }
    }

    /// `layer`: its position among the layers, or -1.
    Result<void> append(Node node, std::ptrdiff_t layer) {
        const bool is_layer = layer >= 0;
        const bool chosen = is_layer && plan_.chosen[static_cast<std::size_t>(layer)];
        const ValueId input = node.input(0);
        if (!is_layer || chosen) {
            for (ValueId& id : node.inputs) {
                if (quantized_.contains(id)) id = dequantized_[static_cast<std::size_t>(id.index)];
            }
        }
        if (chosen) DETECT_TRY(replace_parameters(node, input, static_cast<std::size_t>(layer)));
        graph_.nodes.push_back(std::move(node));
        return {};
    }

    Result<void> quantize_if_chosen(ValueId id) {
        if (!quantized_.contains(id)) return {};
        const auto found = plan_.activations.find(id);
        if (found == plan_.activations.end())
            return Error{ErrorCode::internal, "no range is known for " + graph_[id].name};
        const Quantization& q = found->second;
        const std::string name = graph_[id].name;
        const ValueId scale = graph_.add_constant(name + "/scale", Tensor::scalar(q.scale));
        const ValueId zero = graph_.add_constant(name + "/zero_point", zero_point_tensor(q));
        DETECT_TRY_ASSIGN(const ValueId quantized,
                          add_node("QuantizeLinear", name + "/QuantizeLinear", {id, scale, zero}));
        DETECT_TRY_ASSIGN(dequantized_[static_cast<std::size_t>(id.index)],
                          add_node("DequantizeLinear", name + "/DequantizeLinear", {quantized, scale, zero}));
        return {};
    }

    Result<ValueId> add_node(std::string_view op, const std::string& name, std::vector<ValueId> inputs,
                             bool per_channel = false) {
        Node node;
        node.op = op;
        // Runtimes want nodes to have names of their own; what a node computes has the same one.
        node.name = graph_.unique_name(name);
        node.inputs = std::move(inputs);
        if (per_channel) node.attributes["axis"] = std::int64_t{0};
        DETECT_TRY_ASSIGN(const std::vector<ValueId> outputs, graph_.add_node(std::move(node)));
        return outputs[0];
    }

    Result<void> replace_parameters(Node& node, ValueId input, std::size_t layer) {
        DETECT_TRY_ASSIGN(const Weight weight, quantized_weight(node.inputs[1]));
        const float input_scale = plan_.activations.at(input).scale;
        const std::string name = graph_[node.inputs[2]].name;
        DETECT_TRY_ASSIGN(const QuantizedBias bias,
                          quantize_bias(graph_[node.inputs[2]].constant, plan_.bias_corrections[layer], input_scale,
                                        weight.scales.data<float>()));
        node.inputs[1] = weight.value;
        if (form_ != WeightForm::integers) {
            node.inputs[2] = graph_.add_constant(name, bias.rounded);
            return {};
        }
        DETECT_TRY_ASSIGN(node.inputs[2], add_integers(name, bias.integers, bias.scales));
        return {};
    }

    struct Weight {
        /// What the layer reads.
        ValueId value;
        Tensor scales;
    };

    /// Once for all layers that share it.
    Result<Weight> quantized_weight(ValueId id) {
        if (const auto known = weights_.find(id); known != weights_.end()) return known->second;
        const std::string name = graph_[id].name;
        DETECT_TRY_ASSIGN(QuantizedWeight quantized, quantize_weight(graph_[id].constant, least_scales_.at(id)));
        Weight weight{.value = {}, .scales = quantized.scales};
        if (form_ == WeightForm::rounded_floats) {
            DETECT_TRY_ASSIGN(Tensor rounded, dequantize(quantized));
            weight.value = graph_.add_constant(name, std::move(rounded));
        } else {
            DETECT_TRY_ASSIGN(weight.value, add_integers(name, quantized.integers, quantized.scales));
        }
        weights_.emplace(id, weight);
        return weight;
    }

    /// Constant integers with a scale per row, and their DequantizeLinear.
    Result<ValueId> add_integers(const std::string& name, Tensor integers, Tensor scales) {
        DETECT_TRY_ASSIGN(Tensor zeros, Tensor::create(integers.type(), scales.dims()));
        const ValueId value = graph_.add_constant(name + "/quantized", std::move(integers));
        const ValueId scale = graph_.add_constant(name + "/scale", std::move(scales));
        const ValueId zero = graph_.add_constant(name + "/zero_point", std::move(zeros));
        return add_node("DequantizeLinear", name + "/DequantizeLinear", {value, scale, zero}, true);
    }

    Graph graph_;
    const QuantizationPlan& plan_;
    WeightForm form_;
    std::set<ValueId> quantized_;
    /// By value index.
    std::vector<ValueId> dequantized_;
    std::vector<std::ptrdiff_t> layer_at_;
    std::map<ValueId, std::vector<float>> least_scales_;
    std::map<ValueId, Weight> weights_;
};

} // namespace

Tensor zero_point_tensor(const Quantization& q) {
    return q.least < 0 ? Tensor::scalar(static_cast<std::int8_t>(q.zero_point))
                       : Tensor::scalar(static_cast<std::uint8_t>(q.zero_point));
}

Result<Graph> quantized_graph(Graph graph, const QuantizationPlan& plan, WeightForm form) {
    return Rewriter(std::move(graph), plan, form).run();
}

} // namespace detect
