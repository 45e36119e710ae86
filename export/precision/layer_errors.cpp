// SPDX-License-Identifier: Apache-2.0
#include "export/precision/layer_errors.h"

#include "base/try.h"
#include "executor/model.h"
#include "export/precision/quantized_weights.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace detect {

namespace {

/// Puts a second version of each chosen layer beside it, with rounded input and weight, and as outputs of the graph
/// three figures of the two results: mean difference per channel, mean squared difference, mean square.
class Comparison {
public:
    Comparison(const Graph& graph, const QuantizationPlan& plan) : graph_(graph), plan_(plan) {}

    Result<Graph> run() {
        std::vector<std::ptrdiff_t> layer_at(graph_.nodes.size(), -1);
        for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
            if (plan_.chosen[i]) layer_at[plan_.layers[i].node] = static_cast<std::ptrdiff_t>(i);
        }
        std::vector<Node> nodes = std::exchange(graph_.nodes, {});
        graph_.outputs.clear();
        for (std::size_t n = 0; n < nodes.size(); ++n) {
            const Node layer = nodes[n];
            graph_.nodes.push_back(std::move(nodes[n]));
            if (layer_at[n] >= 0) DETECT_TRY(add_figures(layer));
        }
        return std::move(graph_);
    }

private:
    Result<void> add_figures(const Node& layer) {
        const Quantization& q = plan_.activations.at(layer.inputs[0]);
        const ValueId scale = graph_.add_constant("scale", Tensor::scalar(q.scale));
        const ValueId zero = graph_.add_constant("zero_point", zero_point_tensor(q));
        DETECT_TRY_ASSIGN(const ValueId integers, add("QuantizeLinear", {layer.inputs[0], scale, zero}));
        DETECT_TRY_ASSIGN(const ValueId rounded, add("DequantizeLinear", {integers, scale, zero}));

        const Tensor& weight = graph_[layer.inputs[1]].constant;
        DETECT_TRY_ASSIGN(const Tensor no_limit, Tensor::create(DataType::float32, {weight.dims()[0]}));
        DETECT_TRY_ASSIGN(const QuantizedWeight quantized, quantize_weight(weight, no_limit.data<float>()));
        DETECT_TRY_ASSIGN(Tensor rounded_weight, dequantize(quantized));
        Node second = layer;
        second.name = graph_.unique_name(layer.name + "/rounded");
        second.inputs[0] = rounded;
        second.inputs[1] = graph_.add_constant("weight", std::move(rounded_weight));
        DETECT_TRY_ASSIGN(const auto result, graph_.add_node(std::move(second)));

        const ValueId exact = layer.outputs[0];
        DETECT_TRY_ASSIGN(const ValueId difference, add("Sub", {result[0], exact}));
        DETECT_TRY_ASSIGN(const ValueId squared_difference, add("Mul", {difference, difference}));
        DETECT_TRY_ASSIGN(const ValueId square, add("Mul", {exact, exact}));
        const bool is_map = layer.op == "Conv";
        const std::vector<std::int64_t> all_but_channels =
            is_map ? std::vector<std::int64_t>{0, 2, 3} : std::vector<std::int64_t>{0};
        const std::vector<std::int64_t> all =
            is_map ? std::vector<std::int64_t>{0, 1, 2, 3} : std::vector<std::int64_t>{0, 1};
        DETECT_TRY(add_mean(difference, all_but_channels));
        DETECT_TRY(add_mean(squared_difference, all));
        DETECT_TRY(add_mean(square, all));
        return {};
    }

    Result<void> add_mean(ValueId value, const std::vector<std::int64_t>& axes) {
        DETECT_TRY_ASSIGN(const ValueId mean,
                          add("ReduceMean", {value}, {{"axes", axes}, {"keepdims", std::int64_t{0}}}));
        graph_.outputs.push_back(mean);
        return {};
    }

    Result<ValueId> add(std::string_view op, std::vector<ValueId> inputs,
                        std::map<std::string, Attribute, std::less<>> attributes = {}) {
        Node node;
        node.op = op;
        node.name = graph_.unique_name(op);
        node.inputs = std::move(inputs);
        node.attributes = std::move(attributes);
        DETECT_TRY_ASSIGN(const auto outputs, graph_.add_node(std::move(node)));
        return outputs[0];
    }

    Graph graph_;
    const QuantizationPlan& plan_;
};

struct Sums {
    std::vector<double> shift;
    double squared_difference = 0.0;
    double square = 0.0;
    std::size_t pictures = 0;

    /// The three figures of a picture. Those of a layer that saw no rows (no proposals) are no numbers.
    void add(std::span<const Tensor> figures) {
        const auto mean = figures[0].data<float>();
        const float picture_square = figures[2].data<float>()[0];
        if (!std::isfinite(picture_square)) return;
        shift.resize(mean.size());
        for (std::size_t c = 0; c < mean.size(); ++c) shift[c] += static_cast<double>(mean[c]);
        squared_difference += static_cast<double>(figures[1].data<float>()[0]);
        square += static_cast<double>(picture_square);
        ++pictures;
    }

    [[nodiscard]] LayerError result(std::size_t channels) const {
        LayerError error{.shift = std::vector<float>(channels, 0.0F)};
        if (pictures == 0) return error;
        std::ranges::transform(shift, error.shift.begin(),
                               [&](double sum) { return static_cast<float>(sum / static_cast<double>(pictures)); });
        error.relative = square > 0.0 ? std::sqrt(squared_difference / square) : 0.0;
        return error;
    }
};

} // namespace

Result<std::vector<LayerError>> measure_layer_errors(const Graph& graph, const QuantizationPlan& plan,
                                                     const CalibrationPictures& pictures, std::size_t measured,
                                                     const CalibrationProgress& progress) {
    constexpr std::size_t figures = 3;
    DETECT_TRY_ASSIGN(Graph comparison, Comparison(graph, plan).run());
    DETECT_TRY_ASSIGN(const auto model, Model::compile(std::move(comparison)));
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
        if (plan.chosen[i]) chosen.push_back(i);
    }
    std::vector<Sums> sums(chosen.size());
    const std::size_t count = std::min(measured, pictures.count);
    for (std::size_t i = 0; i < count; ++i) {
        progress("pictures to correct biases by", i, count);
        DETECT_TRY_ASSIGN(const Tensor picture, pictures.read(i));
        DETECT_TRY_ASSIGN(const auto outputs, model->run(std::vector<Tensor>{picture}));
        for (std::size_t k = 0; k < chosen.size(); ++k) sums[k].add(std::span(outputs).subspan(figures * k, figures));
    }
    progress("pictures to correct biases by", count, count);
    std::vector<LayerError> errors(plan.layers.size());
    for (std::size_t k = 0; k < chosen.size(); ++k) errors[chosen[k]] = sums[k].result(plan.layers[chosen[k]].channels);
    return errors;
}

} // namespace detect
