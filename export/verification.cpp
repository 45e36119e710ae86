// SPDX-License-Identifier: Apache-2.0
#include "export/verification.h"

#include "base/try.h"
#include "executor/model.h"
#include "executor/reference/interpreter.h"
#include "export/mirror_image.h"
#include "export/precision/precision.h"
#include "export/read_detections.h"
#include "results/detection_match.h"

#include <algorithm>
#include <cmath>

namespace detect {

namespace {

/// [1, 3, h, w] of a picture [3, h, w].
Tensor as_batch(const Tensor& image) { return image.reshaped({1, image.dims()[0], image.dims()[1], image.dims()[2]}); }

/// The picture and its mirror image, as a batch.
Result<Tensor> with_mirror_image(const Tensor& image) {
    const std::int64_t height = image.dims()[1];
    const std::int64_t width = image.dims()[2];
    DETECT_TRY_ASSIGN(Tensor batch, Tensor::create(DataType::float32, {2, 3, height, width}));
    DETECT_TRY_ASSIGN(const Tensor mirrored, mirror_image(image));
    const auto out = batch.mutable_data<float>();
    std::ranges::copy(image.data<float>(), out.begin());
    std::ranges::copy(mirrored.data<float>(), out.subspan(out.size() / 2).begin());
    return batch;
}

/// Another size and aspect ratio: three quarters as high, two thirds as wide, by the nearest pixel.
Result<Tensor> shrunk(const Tensor& image) {
    const std::int64_t height = image.dims()[1];
    const std::int64_t width = image.dims()[2];
    const std::int64_t new_height = std::max<std::int64_t>(1, height * 3 / 4);
    const std::int64_t new_width = std::max<std::int64_t>(1, width * 2 / 3);
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create(DataType::float32, {1, 3, new_height, new_width}));
    auto out = result.mutable_data<float>().begin();
    for (std::int64_t c = 0; c < 3; ++c) {
        for (std::int64_t y = 0; y < new_height; ++y) {
            for (std::int64_t x = 0; x < new_width; ++x) {
                const std::int64_t source = (c * height + y * height / new_height) * width + x * width / new_width;
                *out++ = image.data<float>()[static_cast<std::size_t>(source)];
            }
        }
    }
    return result;
}

Result<Tensor> blank(std::int64_t height, std::int64_t width) {
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create(DataType::float32, {1, 3, height, width}));
    std::ranges::fill(result.mutable_data<float>(), 0.5F);
    return result;
}

bool same_bits(const std::vector<Detection>& a, const std::vector<Detection>& b) { return a == b; }

class Verifier {
public:
    Verifier(const Graph& graph, const Model& model, const std::function<void(const std::string&)>& progress)
        : graph_(graph), model_(model), progress_(progress), tolerance_(verification_tolerance(graph)) {}

    Result<std::vector<std::vector<Detection>>> run_optimised(const Tensor& input) const {
        DETECT_TRY_ASSIGN(const auto outputs, model_.run(std::vector<Tensor>{input}));
        return read_detections(outputs);
    }

    /// Both engines on one batch, picture by picture.
    Result<std::vector<VerificationRow>> compare(const Tensor& input, const std::vector<std::string>& names) const {
        progress_("verifying: " + names.back());
        DETECT_TRY_ASSIGN(const auto expected_outputs, interpret(graph_, std::vector<Tensor>{input}));
        DETECT_TRY_ASSIGN(const auto expected, read_detections(expected_outputs));
        DETECT_TRY_ASSIGN(const auto actual, run_optimised(input));
        std::vector<VerificationRow> rows;
        for (std::size_t n = 0; n < names.size(); ++n) {
            const MatchReport match = match_detections(expected[n], actual[n], tolerance_.match);
            rows.push_back({.input = names[n],
                            .size = std::to_string(input.dims()[3]) + "x" + std::to_string(input.dims()[2]),
                            .detections = static_cast<std::int64_t>(actual[n].size()),
                            .worst_score_difference = match.worst_score_difference,
                            .worst_iou = match.worst_iou,
                            .unmatched = match.unmatched,
                            .unmatched_allowed = allowed(match)});
        }
        return rows;
    }

private:
    [[nodiscard]] std::int64_t allowed(const MatchReport& match) const {
        const auto all = static_cast<double>(match.matched + match.unmatched);
        return static_cast<std::int64_t>(std::ceil(all * tolerance_.unmatched_share));
    }

    const Graph& graph_;
    const Model& model_;
    const std::function<void(const std::string&)>& progress_;
    VerificationTolerance tolerance_;
};

} // namespace

VerificationTolerance verification_tolerance(const Graph& graph) {
    if (precision_of(graph) != Precision::int8) return {};
    return {.match = {.min_score = 0.3F, .min_iou = 0.5, .max_score_difference = 0.2F}, .unmatched_share = 0.1};
}

bool Verification::passed() const { return std::ranges::all_of(rows, &VerificationRow::passed); }

Result<Verification> verify(const Graph& graph, const Tensor& image,
                            const std::function<void(const std::string&)>& progress) {
    DETECT_TRY_ASSIGN(const auto model, Model::compile(graph));
    const Verifier verifier(graph, *model, progress);
    const Tensor alone = as_batch(image);
    DETECT_TRY_ASSIGN(const auto alone_detections, verifier.run_optimised(alone));

    Verification result{.tolerance = verification_tolerance(graph), .rows = {}};
    result.example_detections = static_cast<std::int64_t>(alone_detections[0].size());
    const auto append = [&](std::vector<VerificationRow> rows) {
        std::ranges::move(rows, std::back_inserter(result.rows));
    };

    const bool any_batch = !(*graph[graph.inputs[0]].shape)[0].size.has_value();
    if (any_batch) {
        DETECT_TRY_ASSIGN(const Tensor batch, with_mirror_image(image));
        DETECT_TRY_ASSIGN(auto rows,
                          verifier.compare(batch, {"example picture, in a batch", "its mirror image, in the batch"}));
        DETECT_TRY_ASSIGN(const auto together, verifier.run_optimised(batch));
        rows[0].same_alone = same_bits(together[0], alone_detections[0]);
        append(std::move(rows));
    } else {
        DETECT_TRY_ASSIGN(auto rows, verifier.compare(alone, {"example picture"}));
        append(std::move(rows));
    }
    DETECT_TRY_ASSIGN(const Tensor other_size, shrunk(image));
    DETECT_TRY_ASSIGN(auto other_rows, verifier.compare(other_size, {"example picture, other size"}));
    append(std::move(other_rows));
    DETECT_TRY_ASSIGN(const Tensor blank_picture, blank(image.dims()[1], image.dims()[2]));
    DETECT_TRY_ASSIGN(auto blank_rows, verifier.compare(blank_picture, {"blank picture"}));
    append(std::move(blank_rows));
    return result;
}

} // namespace detect
