// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "export/precision/training_statistics.h"
#include "export/precision/value_range.h"
#include "graph/graph.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace detect {

/// Pictures that show what the network will see.
struct CalibrationPictures {
    std::size_t count = 0;
    /// Picture `index` as float32 [1, 3, height, width], RGB, 0–1.
    std::function<Result<Tensor>(std::size_t index)> read;
};

/// Hears how far a stage of the work is.
using CalibrationProgress = std::function<void(const std::string& stage, std::size_t done, std::size_t total)>;

/// What the pictures and the network's answer to them look like.
struct PictureFigures {
    double mean_brightness = 0.0;
    /// Of the pictures' brightness, over the pictures.
    double brightness_deviation = 0.0;
    /// Pictures whose pixels are all the same.
    std::size_t flat = 0;
    /// Of score ≥ 0.3, per picture.
    double mean_detections = 0.0;
    /// How far the first normalised layer's outputs lie from where they lay in training, in standard deviations, mean
    /// over its channels; absent if the network does not say.
    std::optional<double> distance_from_training = std::nullopt;
};

struct Observation {
    PictureFigures pictures;
    /// Of each value asked for, in order.
    std::vector<TensorStatistics> values;
};

/// Runs the graph on all pictures and keeps the statistics of `values` (float32). `invalid_argument` if a picture makes
/// one of them infinite or NaN.
[[nodiscard]] Result<Observation> observe(const Graph& graph, const std::vector<ValueId>& values,
                                          const std::optional<TrainingStatistics>& training,
                                          const CalibrationPictures& pictures, const CalibrationProgress& progress);

/// How a value's numbers become integers, and how that was chosen.
struct ChosenRange {
    ValueId value;
    float low = 0.0F;
    float high = 0.0F;
    std::vector<RangeCandidate> candidates;
    /// Of each candidate: the root mean square of its error where objects are, relative to that of the numbers there.
    std::vector<double> errors;
    std::size_t chosen = 0;
    [[nodiscard]] const Quantization& quantization() const { return candidates[chosen].quantization; }
};

/// For each of `values` the candidate with the smallest error, or the full range if none is better by a fifth. Measured
/// on the first `measured` pictures: in the parts of a map that lie in detected boxes, which are a small part of most
/// pictures and what the network is there for (all over a map if nothing is detected, and in all of a tensor that is no
/// map). Measured all over, the error of the background decides, and what marks objects is cut off.
[[nodiscard]] Result<std::vector<ChosenRange>> choose_ranges(const Graph& graph, const std::vector<ValueId>& values,
                                                             const std::vector<TensorStatistics>& statistics,
                                                             ActivationType type, const CalibrationPictures& pictures,
                                                             std::size_t measured, const CalibrationProgress& progress);

} // namespace detect
