// SPDX-License-Identifier: Apache-2.0
#include "export/reduced_precision.h"

#include "base/try.h"
#include "executor/model.h"
#include "export/precision/calibration_warnings.h"
#include "export/precision/half_weights.h"
#include "export/read_detections.h"

namespace detect {

namespace {

MatchTolerance tolerance(Precision precision) {
    if (precision == Precision::fp16) return {.min_score = 0.1F, .min_iou = 0.99, .max_score_difference = 0.01F};
    return {.min_score = 0.3F, .min_iou = 0.5, .max_score_difference = 1.0F};
}

Result<std::vector<Detection>> detections_on(const Graph& graph, const Tensor& image) {
    DETECT_TRY_ASSIGN(const auto model, Model::compile(graph));
    const Tensor batch = image.reshaped({1, image.dims()[0], image.dims()[1], image.dims()[2]});
    DETECT_TRY_ASSIGN(const auto outputs, model->run(std::vector<Tensor>{batch}));
    DETECT_TRY_ASSIGN(auto detections, read_detections(outputs));
    return std::move(detections[0]);
}

/// On an example that shows as little as this, one detection more or less says nothing.
constexpr std::int64_t least_compared = 3;

void warn_of_lost(PrecisionReport& report) {
    const MatchReport& match = *report.against_fp32;
    const std::int64_t all = match.matched + match.unmatched;
    if (all < least_compared || 5 * match.unmatched <= all) return;
    report.warnings.push_back("on the example picture " + std::to_string(match.unmatched) + " of " +
                              std::to_string(all) + " detections are not those of fp32; see what " +
                              std::string(to_string(report.precision)) + " costs with 'detect eval'");
}

std::string describe_calibration(const PrecisionOptions& options) {
    const bool portable = options.activations == ActivationType::symmetric_int8;
    return std::to_string(options.calibration.count) + " pictures of " + options.calibration_source + ", " +
           (portable ? "symmetric int8" : "asymmetric uint8") + " activations";
}

} // namespace

Result<PrecisionReport> reduce_precision(CheckpointGraph& network, const PrecisionOptions& options,
                                         const Tensor& example) {
    PrecisionReport report{.precision = options.precision};
    network.graph.metadata["precision"] = to_string(options.precision);
    if (options.precision == Precision::fp32) return report;
    DETECT_TRY_ASSIGN(const auto expected, detections_on(network.graph, example));
    if (options.precision == Precision::fp16) {
        DETECT_TRY_ASSIGN(network.graph, with_half_weights(std::move(network.graph)));
    } else {
        const auto progress = [&](const std::string& stage, std::size_t done, std::size_t total) {
            if (options.progress) options.progress(stage, done, total);
        };
        network.graph.metadata["calibration"] = describe_calibration(options);
        DETECT_TRY_ASSIGN(Int8Network int8, to_int8(network.graph, {.activations = options.activations,
                                                                    .pictures = options.calibration,
                                                                    .training = network.training,
                                                                    .progress = progress}));
        network.graph = std::move(int8.graph);
        report.warnings = calibration_warnings(int8.report, example, expected);
        report.int8 = std::move(int8.report);
    }
    DETECT_TRY_ASSIGN(const auto actual, detections_on(network.graph, example));
    report.against_fp32 = match_detections(expected, actual, tolerance(options.precision));
    warn_of_lost(report);
    return report;
}

} // namespace detect
