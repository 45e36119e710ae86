// SPDX-License-Identifier: Apache-2.0
#include "export/precision/int8_network.h"

#include "base/try.h"
#include "executor/model.h"
#include "export/precision/half_weights.h"
#include "export/precision/layer_errors.h"
#include "export/precision/quantized_graph.h"
#include "export/read_detections.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// How many pictures measure what. All of them give the ranges.
constexpr std::size_t pictures_for_choices = 16;
constexpr std::size_t pictures_for_sensitivity = 4;
constexpr std::size_t most_picture_bytes = std::size_t{256} << 20;

/// A layer that alone moves scores by more than this on average stays in floats.
constexpr double most_loss_alone = 0.02;
/// So does the most sensitive layer that is left, one by one, while all together move scores by more than this.
constexpr double most_loss_together = 0.05;
constexpr std::size_t most_retries = 6;

/// Layers that share a weight are chosen together.
struct Unit {
    std::string name;
    std::vector<std::size_t> layers;
};

std::vector<Unit> units_of(const Graph& graph, const std::vector<QuantizableLayer>& layers) {
    std::vector<Unit> units;
    std::vector<ValueId> weights;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const ValueId weight = graph.nodes[layers[i].node].inputs[1];
        const auto known = std::ranges::find(weights, weight);
        if (known != weights.end()) {
            units[static_cast<std::size_t>(known - weights.begin())].layers.push_back(i);
            continue;
        }
        std::string name = graph[weight].name;
        for (const std::string_view suffix : {".folded_weight", ".weight"}) {
            if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
        }
        weights.push_back(weight);
        units.push_back({std::move(name), {i}});
    }
    return units;
}

Result<std::vector<Detection>> detections_of(const Model& model, const Tensor& picture) {
    DETECT_TRY_ASSIGN(const auto outputs, model.run(std::vector<Tensor>{picture}));
    DETECT_TRY_ASSIGN(auto detections, read_detections(outputs));
    return std::move(detections[0]);
}

/// Pictures and what the original network finds on them.
class Yardstick {
public:
    static Result<Yardstick> create(const Graph& graph, const CalibrationPictures& pictures) {
        Yardstick result;
        DETECT_TRY_ASSIGN(const auto model, Model::compile(graph));
        std::size_t bytes = 0;
        // Spread over all of them.
        const std::size_t count = std::min(pictures_for_choices, pictures.count);
        for (std::size_t i = 0; i < count; ++i) {
            DETECT_TRY_ASSIGN(Tensor picture, pictures.read(i * pictures.count / count));
            bytes += picture.byte_count();
            if (i > 0 && bytes > most_picture_bytes) break;
            DETECT_TRY_ASSIGN(auto detections, detections_of(*model, picture));
            result.pictures_.push_back(std::move(picture));
            result.detections_.push_back(std::move(detections));
        }
        return result;
    }

    [[nodiscard]] Result<Agreement> measure(const Graph& graph, std::size_t most_pictures) const {
        DETECT_TRY_ASSIGN(const auto model, Model::compile(graph));
        Agreement agreement;
        for (std::size_t i = 0; i < std::min(most_pictures, pictures_.size()); ++i) {
            DETECT_TRY_ASSIGN(const auto detections, detections_of(*model, pictures_[i]));
            agreement.add(detections_[i], detections);
        }
        return agreement;
    }

private:
    std::vector<Tensor> pictures_;
    std::vector<std::vector<Detection>> detections_;
};

class Quantizer {
public:
    Quantizer(const Graph& graph, const Int8Options& options) : graph_(graph), options_(options) {
        plan_.layers = find_quantizable_layers(graph);
        plan_.chosen.assign(plan_.layers.size(), true);
        plan_.bias_corrections.resize(plan_.layers.size());
        units_ = units_of(graph, plan_.layers);
    }

    Result<Int8Network> run() {
        DETECT_TRY(choose_activations());
        DETECT_TRY(correct_biases());
        DETECT_TRY_ASSIGN(const Yardstick yardstick, Yardstick::create(graph_, options_.pictures));
        DETECT_TRY(measure_sensitivity(yardstick));
        DETECT_TRY(choose_layers(yardstick));
        const bool symmetric = options_.activations == ActivationType::symmetric_int8;
        DETECT_TRY_ASSIGN(
            Graph integers,
            quantized_graph(graph_, plan_, symmetric ? WeightForm::integers_and_float_biases : WeightForm::integers));
        DETECT_TRY_ASSIGN(Graph result, with_half_weights(std::move(integers)));
        return Int8Network{std::move(result), std::move(report_)};
    }

private:
    Result<void> choose_activations() {
        const auto values = quantized_values(graph_, plan_.layers, plan_.chosen);
        DETECT_TRY_ASSIGN(const Observation observation,
                          observe(graph_, values, options_.training, options_.pictures, options_.progress));
        report_.pictures = options_.pictures.count;
        report_.figures = observation.pictures;
        DETECT_TRY_ASSIGN(report_.ranges, choose_ranges(graph_, values, observation.values, options_.activations,
                                                        options_.pictures, pictures_for_choices, options_.progress));
        for (const ChosenRange& range : report_.ranges) {
            plan_.activations[range.value] = range.quantization();
            report_.range_names.push_back(graph_[range.value].name);
        }
        // What a maximum is taken of already has the integers that the result needs.
        for (const Node& node : graph_.nodes) {
            if (node.op != "MaxPool" || !plan_.activations.contains(node.outputs[0])) continue;
            const auto input = plan_.activations.find(node.inputs[0]);
            if (input != plan_.activations.end()) plan_.activations[node.outputs[0]] = input->second;
        }
        return {};
    }

    Result<void> correct_biases() {
        DETECT_TRY_ASSIGN(
            errors_, measure_layer_errors(graph_, plan_, options_.pictures, pictures_for_choices, options_.progress));
        for (std::size_t i = 0; i < errors_.size(); ++i) {
            plan_.bias_corrections[i] = errors_[i].shift;
            for (float& correction : plan_.bias_corrections[i]) correction = -correction;
        }
        return {};
    }

    Result<void> measure_sensitivity(const Yardstick& yardstick) {
        for (std::size_t u = 0; u < units_.size(); ++u) {
            options_.progress("layers to measure", u, units_.size());
            const Unit& unit = units_[u];
            LayerSensitivity row{.name = unit.name, .kind = plan_.layers[unit.layers[0]].kind, .alone = {}};
            plan_.chosen.assign(plan_.layers.size(), false);
            for (const std::size_t layer : unit.layers) {
                plan_.chosen[layer] = true;
                row.output_error = std::max(row.output_error, errors_[layer].relative);
            }
            DETECT_TRY_ASSIGN(const Graph alone, quantized_graph(graph_, plan_, WeightForm::rounded_floats));
            DETECT_TRY_ASSIGN(row.alone, yardstick.measure(alone, pictures_for_sensitivity));
            report_.layers.push_back(std::move(row));
        }
        options_.progress("layers to measure", units_.size(), units_.size());
        return {};
    }

    Result<void> choose_layers(const Yardstick& yardstick) {
        for (LayerSensitivity& row : report_.layers) {
            // Gates and predictors are some thousandths of the work.
            row.integers = row.kind == QuantizableLayer::Kind::hidden && row.alone.loss() <= most_loss_alone;
        }
        for (std::size_t retry = 0;; ++retry) {
            options_.progress("trials of all layers together", retry, most_retries + 1);
            take_over_choice();
            DETECT_TRY_ASSIGN(const Graph together, quantized_graph(graph_, plan_, WeightForm::rounded_floats));
            DETECT_TRY_ASSIGN(report_.agreement, yardstick.measure(together, pictures_for_choices));
            if (report_.agreement.loss() <= most_loss_together || retry == most_retries) break;
            LayerSensitivity* const worst = most_sensitive();
            if (worst == nullptr) break;
            worst->integers = false;
        }
        return {};
    }

    void take_over_choice() {
        for (std::size_t u = 0; u < units_.size(); ++u) {
            for (const std::size_t layer : units_[u].layers) plan_.chosen[layer] = report_.layers[u].integers;
        }
    }

    LayerSensitivity* most_sensitive() {
        LayerSensitivity* worst = nullptr;
        for (LayerSensitivity& row : report_.layers) {
            if (row.integers && (worst == nullptr || row.alone.loss() > worst->alone.loss())) worst = &row;
        }
        return worst;
    }

    const Graph& graph_;
    const Int8Options& options_;
    QuantizationPlan plan_;
    std::vector<Unit> units_;
    std::vector<LayerError> errors_;
    Int8Report report_;
};

} // namespace

Result<Int8Network> to_int8(const Graph& graph, const Int8Options& options) {
    if (graph.opset < least_quantized_opset) {
        return Error{ErrorCode::invalid_argument, "opset " + std::to_string(graph.opset) +
                                                      " has no scales per channel; int8 needs opset " +
                                                      std::to_string(least_quantized_opset) + " or later"};
    }
    if (options.pictures.count == 0)
        return Error{ErrorCode::invalid_argument, "int8 needs calibration pictures, and there are none"};
    return Quantizer(graph, options).run();
}

} // namespace detect
