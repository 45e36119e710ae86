// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/checkpoint_graph.h"
#include "export/precision/int8_network.h"
#include "export/precision/precision.h"
#include "results/detection_match.h"

#include <optional>
#include <string>
#include <vector>

namespace detect {

struct PrecisionOptions {
    Precision precision = Precision::fp32;
    /// What follows is for int8 alone.
    ActivationType activations = ActivationType::asymmetric_uint8;
    CalibrationPictures calibration = {};
    /// Where the pictures are from, for metadata and reports.
    std::string calibration_source = {};
    /// May stay empty.
    CalibrationProgress progress = {};
};

struct PrecisionReport {
    Precision precision = Precision::fp32;
    /// Detections on the example picture against those in fp32; absent for fp32 itself. fp16: same label, IoU ≥ 0.99,
    /// scores within 0.01, of score ≥ 0.1. int8: same label, IoU ≥ 0.5, of score ≥ 0.3.
    std::optional<MatchReport> against_fp32 = std::nullopt;
    std::optional<Int8Report> int8 = std::nullopt;
    /// What is odd about the calibration pictures or the result, a sentence with numbers each.
    std::vector<std::string> warnings = {};
};

/// Brings a network into the precision asked for, and says so in its metadata. `example`: float32 [3, height, width].
/// Errors as `to_int8`.
[[nodiscard]] Result<PrecisionReport> reduce_precision(CheckpointGraph& network, const PrecisionOptions& options,
                                                       const Tensor& example);

} // namespace detect
