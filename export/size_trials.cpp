// SPDX-License-Identifier: Apache-2.0
#include "export/size_trials.h"

#include "base/try.h"
#include "executor/model.h"
#include "export/mirror_image.h"
#include "export/read_detections.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace detect {

namespace {

/// Detections that are worth something.
constexpr float least_score = 0.5F;

/// A fifth more, and not less than a faint detection. Networks that are fed what they were trained for find a tenth
/// more, as often as not, if the picture is enlarged a little more; at the next smaller size they lose a tenth to a
/// third.
constexpr double much_more = 1.2;
constexpr double least_difference = 0.75;
/// Sizes that come so near to the best are as good.
constexpr double near_best = 0.85;

/// Nobody trains on pictures that are blown up like this.
constexpr double most_enlarged = 4.0;
/// Pixels of the scaled picture: more takes seconds and memory for a guess.
constexpr double most_pixels = 8e6;

double scale_of(const ImageTransformSettings& sizes, std::int64_t height, std::int64_t width) {
    return std::min(static_cast<double>(sizes.min_size) / static_cast<double>(std::min(height, width)),
                    static_cast<double>(sizes.max_size) / static_cast<double>(std::max(height, width)));
}

bool makes_sense(double scale, std::int64_t height, std::int64_t width) {
    return scale <= most_enlarged &&
           scale * scale * static_cast<double>(height) * static_cast<double>(width) <= most_pixels;
}

Result<void> set_constant(Graph& graph, std::string_view name, std::int64_t value) {
    const auto found = std::ranges::find(graph.values, name, &Value::name);
    if (found == graph.values.end() || !found->constant.defined())
        return Error{ErrorCode::internal, "the graph has no constant " + std::string(name)};
    found->constant = Tensor::of<float>(found->constant.dims(), {static_cast<float>(value)});
    return {};
}

Result<SizeTrial> try_size(const Graph& network, const ImageTransformSettings& sizes,
                           std::span<const Tensor> pictures) {
    Graph graph = network;
    DETECT_TRY(set_constant(graph, "min_size", sizes.min_size));
    DETECT_TRY(set_constant(graph, "max_size", sizes.max_size));
    DETECT_TRY_ASSIGN(const auto model, Model::compile(std::move(graph)));
    SizeTrial trial{.min_size = sizes.min_size, .max_size = sizes.max_size};
    for (const Tensor& picture : pictures) {
        DETECT_TRY_ASSIGN(const auto outputs, model->run(std::span(&picture, 1)));
        DETECT_TRY_ASSIGN(const auto found, read_detections(outputs));
        for (const Detection& detection : found.at(0)) {
            if (detection.score < least_score) continue;
            ++trial.detections;
            trial.sum_of_scores += static_cast<double>(detection.score);
        }
    }
    return trial;
}

std::string scored(const SizeTrial& trial) {
    if (trial.detections == 0) return "nothing of score 0.5 and more is found";
    char text[96];
    std::snprintf(text, sizeof text, "%zu detections score %.2f on average", trial.detections,
                  trial.sum_of_scores / static_cast<double>(trial.detections));
    return text;
}

} // namespace

std::vector<ImageTransformSettings> sizes_to_try(const NetworkSettings& settings, bool max_size_is_given,
                                                 std::int64_t height, std::int64_t width) {
    std::vector<double> scales{scale_of(settings.transform, height, width)};
    std::vector<ImageTransformSettings> sizes;
    for (const std::int64_t min_size : {320, 480, 640, 800, 1024, 1333}) {
        ImageTransformSettings tried = settings.transform;
        if (max_size_is_given && min_size > tried.max_size) continue;
        tried.min_size = min_size;
        tried.max_size = std::max(tried.max_size, min_size);
        const double scale = scale_of(tried, height, width);
        const bool is_new =
            std::ranges::none_of(scales, [&](double other) { return std::abs(scale / other - 1.0) < 0.02; });
        if (!is_new || !makes_sense(scale, height, width)) continue;
        scales.push_back(scale);
        sizes.push_back(std::move(tried));
    }
    return sizes;
}

std::optional<SizeTrial> much_better(const std::vector<SizeTrial>& trials) {
    const auto own = std::ranges::find(trials, true, &SizeTrial::is_own);
    const auto best = std::ranges::max_element(trials, {}, &SizeTrial::sum_of_scores);
    if (own == trials.end()) return std::nullopt;
    std::optional<SizeTrial> nearest;
    for (const SizeTrial& trial : trials) {
        const bool much = trial.sum_of_scores >= much_more * own->sum_of_scores &&
                          trial.sum_of_scores >= own->sum_of_scores + least_difference;
        if (!much || trial.sum_of_scores < near_best * best->sum_of_scores) continue;
        const auto distance = [&](const SizeTrial& other) { return std::abs(other.min_size - own->min_size); };
        if (!nearest || distance(trial) < distance(*nearest)) nearest = trial;
    }
    return nearest;
}

std::string SizeTrials::warning() const {
    const auto own = std::ranges::find(trials, true, &SizeTrial::is_own);
    if (!better || own == trials.end()) return "";
    const std::string size = std::to_string(better->min_size);
    return "on the example picture and its mirror image, at min_size " + size + " " + scored(*better) +
           ", at the assumed " + std::to_string(own->min_size) + " " + scored(*own) + ": was it trained at about " +
           size + "?";
}

Result<SizeTrials> try_sizes(const CheckpointGraph& network, const Tensor& image,
                             const std::function<void(const std::string&)>& progress) {
    if (!is_assumed(network.sources.at("min_size"))) return SizeTrials{};
    const std::int64_t height = image.dims()[1];
    const std::int64_t width = image.dims()[2];
    const bool max_size_is_given = !is_assumed(network.sources.at("max_size"));
    std::vector<ImageTransformSettings> sizes = sizes_to_try(network.settings, max_size_is_given, height, width);
    if (sizes.empty()) return SizeTrials{};
    progress("nobody says what size it was trained at: trying others on the example picture");
    sizes.push_back(network.settings.transform);
    std::ranges::sort(sizes, {}, &ImageTransformSettings::min_size);

    DETECT_TRY_ASSIGN(const Tensor mirrored, mirror_image(image));
    const std::array pictures{image.reshaped({1, 3, height, width}), mirrored.reshaped({1, 3, height, width})};
    SizeTrials result;
    for (const ImageTransformSettings& tried : sizes) {
        DETECT_TRY_ASSIGN(SizeTrial trial, try_size(network.graph, tried, pictures));
        trial.is_own = tried.min_size == network.settings.transform.min_size;
        result.trials.push_back(trial);
    }
    result.better = much_better(result.trials);
    return result;
}

} // namespace detect
