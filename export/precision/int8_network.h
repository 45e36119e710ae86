// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/precision/agreement.h"
#include "export/precision/calibration.h"
#include "export/precision/quantizable_layers.h"

#include <optional>
#include <string>
#include <vector>

namespace detect {

struct Int8Options {
    ActivationType activations = ActivationType::asymmetric_uint8;
    CalibrationPictures pictures;
    /// From `training_statistics`, of the network before it was simplified.
    std::optional<TrainingStatistics> training;
    CalibrationProgress progress;
};

/// What integers do to a layer: all nodes that share a weight are one.
struct LayerSensitivity {
    /// Of the weight in the checkpoint: "backbone.body.4.block.1.0".
    std::string name;
    QuantizableLayer::Kind kind = QuantizableLayer::Kind::hidden;
    /// Whether it computes with integers in the end.
    bool integers = false;
    /// Root mean square error of its output relative to the output, all before it in floats.
    double output_error = 0.0;
    /// Of the whole network's detections, if this layer alone computes with integers.
    Agreement alone;
};

struct Int8Report {
    std::size_t pictures = 0;
    PictureFigures figures;
    std::vector<ChosenRange> ranges;
    /// By position in `ranges`.
    std::vector<std::string> range_names;
    std::vector<LayerSensitivity> layers;
    /// Of the finished network with the original, on calibration pictures.
    Agreement agreement;
};

struct Int8Network {
    Graph graph;
    Int8Report report;
};

/// Post-training quantisation: observes the network on the pictures, chooses a range for each activation, measures what
/// integers do to each layer, keeps in floats those that suffer (and the gates and predictors, where integers gain
/// nothing), corrects biases, and writes the network in QDQ form. Memory does not grow with the number of pictures.
/// `invalid_argument` for an opset below 13 or no pictures.
[[nodiscard]] Result<Int8Network> to_int8(const Graph& graph, const Int8Options& options);

} // namespace detect
