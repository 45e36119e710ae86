// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "check/picture_variants.h"
#include "executor/model.h"
#include "export/checkpoint_graph.h"
#include "onnx/opset_conversion.h"
#include "results/detection_match.h"

#include <algorithm>

namespace detect::checking {

namespace {

/// Looser than what two runs of one graph are held to: torchvision's export and ours round sizes alike, but sum in
/// another order.
constexpr MatchTolerance tolerance{.min_score = 0.1F, .min_iou = 0.9, .max_score_difference = 0.02F};

struct Picture {
    std::string name;
    Tensor pixels;
};

Result<std::vector<Picture>> pictures_for(const Trials& trials) {
    const Tensor& image = trials.image();
    const std::int64_t height = image.dims()[1];
    const std::int64_t width = image.dims()[2];
    std::vector<Picture> pictures{{"the picture", image}};
    DETECT_TRY_ASSIGN(Tensor other, mirrored(image));
    pictures.push_back({"its mirror image", std::move(other)});
    const PictureInput& input = trials.input();
    if (!input.height && !input.width) {
        DETECT_TRY_ASSIGN(Tensor smaller, resized(image, std::max<std::int64_t>(1, height * 3 / 4),
                                                  std::max<std::int64_t>(1, width * 2 / 3)));
        pictures.push_back({"other size", std::move(smaller)});
    }
    DETECT_TRY_ASSIGN(Tensor blank, flat(height, width, 0.5F));
    pictures.push_back({"blank", std::move(blank)});
    return pictures;
}

Result<PictureComparison> compare(const CheckContext& context, const Model& sound, const Picture& picture) {
    const Dims& dims = picture.pixels.dims();
    PictureComparison row{.picture = picture.name + " " + std::to_string(dims[2]) + "x" + std::to_string(dims[1])};
    const Tensor batch = picture.pixels.reshaped({1, dims[0], dims[1], dims[2]});
    DETECT_TRY_ASSIGN(const auto outputs, sound.run(std::span(&batch, 1)));
    const auto expected = read_detections(outputs);
    DETECT_TRY_ASSIGN(const TrialRun run, context.trials.run({picture.pixels}));
    if (expected.empty())
        return Error{ErrorCode::internal, "the export of the checkpoint has no detections to compare with"};
    row.expected = expected[0].size();
    if (run.failure) {
        row.failure = run.failure->message;
        return row;
    }
    const MatchReport match = match_detections(expected[0], run.detections[0], tolerance);
    row.detections = run.detections[0].size();
    row.matched = static_cast<std::size_t>(match.matched);
    row.unmatched = static_cast<std::size_t>(match.unmatched);
    row.worst_iou = match.worst_iou;
    row.worst_score_difference = match.worst_score_difference;
    return row;
}

/// Why there is no point in a comparison: it would only show that these are two models.
std::optional<Finding> find_stranger(const CheckContext& context, const CheckpointGraph& network) {
    const TrialRun& run = context.trials.image_run();
    if (!run.failure && run.detections.empty()) {
        return Finding{.severity = Severity::error,
                       .where = "the outputs",
                       .what = "are not boxes, labels and scores, so there is nothing to compare with what the "
                               "checkpoint finds",
                       .advice = "give the whole detector; a backbone or a classifier cannot be compared"};
    }
    const auto classes = class_count(context);
    if (!classes || *classes == network.classes) return std::nullopt;
    return Finding{.severity = Severity::error,
                   .where = "the checkpoint",
                   .what = "has " + std::to_string(network.classes - 1) + " classes besides the background, the file " +
                           std::to_string(*classes - 1) + ": the file was not made from it",
                   .advice = "give the checkpoint that the file was made from; or go on with this one, and make a new "
                             "file of it by the last line"};
}

} // namespace

Result<void> check_against_checkpoint(const CheckContext& context, const SettingsOverrides& settings,
                                      Findings& findings, std::vector<PictureComparison>& agreement) {
    DETECT_TRY_ASSIGN(CheckpointGraph network, graph_from_checkpoint(*context.options.weights, settings,
                                                                     OutputLayout::batched, newest_export_opset));
    if (!context.trials.possible()) return {};
    if (auto stranger = find_stranger(context, network)) {
        findings.push_back(*std::move(stranger));
        return {};
    }
    DETECT_TRY_ASSIGN(const auto sound, Model::compile(std::move(network.graph)));
    DETECT_TRY_ASSIGN(const std::vector<Picture> pictures, pictures_for(context.trials));
    std::size_t different = 0;
    for (const Picture& picture : pictures) {
        DETECT_TRY_ASSIGN(PictureComparison row, compare(context, *sound, picture));
        different += row.unmatched > 0 || !row.failure.empty() ? 1 : 0;
        agreement.push_back(std::move(row));
    }
    if (different == 0) return {};
    findings.push_back({.severity = Severity::error,
                        .where = "the file",
                        .what = "does not find what the checkpoint finds on " + std::to_string(different) + " of " +
                                std::to_string(agreement.size()) + " pictures; the table below says where",
                        .advice = "replace it by what the last line makes; if it was exported with other settings than "
                                  "are in that line (anchor sizes, thresholds), give them first and check again"});
    return {};
}

} // namespace detect::checking
