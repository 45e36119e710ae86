// SPDX-License-Identifier: Apache-2.0
#include "export/precision/calibration.h"

#include "base/thread_pool.h"
#include "base/try.h"
#include "executor/model.h"
#include "export/precision/agreement.h"
#include "export/precision/object_mask.h"
#include "export/read_detections.h"

#include <algorithm>
#include <cmath>

namespace detect {

namespace {

/// What a range that cuts numbers off may have of the full range's error at most.
constexpr double clear_gain = 0.8;

/// The graph with `values` as its first outputs, its own behind them. Maps come channels last, as the executor has
/// them: it would take longer to turn them round than to look at them.
Result<Graph> with_outputs(const Graph& graph, const std::vector<ValueId>& values) {
    Graph observed = graph;
    std::vector<ValueId> outputs;
    for (const ValueId id : values) {
        outputs.push_back(id);
        if (!graph[id].shape || graph[id].shape->size() != 4) continue;
        Node node;
        node.op = "Transpose";
        node.name = observed.unique_name(graph[id].name + "/channels_last");
        node.inputs = {id};
        node.attributes["perm"] = std::vector<std::int64_t>{0, 2, 3, 1};
        DETECT_TRY_ASSIGN(const auto transposed, observed.add_node(std::move(node)));
        outputs.back() = transposed[0];
    }
    observed.outputs.insert(observed.outputs.begin(), outputs.begin(), outputs.end());
    return observed;
}

/// Per channel the mean of a value over its map.
Result<ValueId> add_channel_means(Graph& graph, std::string_view name) {
    const auto value = std::ranges::find(graph.values, name, &Value::name);
    if (value == graph.values.end()) return Error{ErrorCode::internal, "no value is called " + std::string(name)};
    Node node;
    node.op = "ReduceMean";
    node.name = graph.unique_name(std::string(name) + "/mean");
    node.inputs = {ValueId{static_cast<std::int32_t>(value - graph.values.begin())}};
    node.attributes["axes"] = std::vector<std::int64_t>{2, 3};
    DETECT_TRY_ASSIGN(const auto outputs, graph.add_node(std::move(node)));
    return outputs[0];
}

double distance(const TrainingStatistics& training, const std::vector<double>& means) {
    double sum = 0.0;
    for (std::size_t c = 0; c < means.size(); ++c) {
        const double deviation = std::max(static_cast<double>(training.deviation[c]), 1e-6);
        sum += std::abs(means[c] - static_cast<double>(training.mean[c])) / deviation;
    }
    return sum / static_cast<double>(means.size());
}

/// Adds up what `PictureFigures` says.
class PictureSums {
public:
    void add(const Tensor& picture, std::span<const Detection> detections) {
        const auto pixels = picture.data<float>();
        double sum = 0.0;
        for (const float x : pixels) sum += static_cast<double>(x);
        const double mean = pixels.empty() ? 0.0 : sum / static_cast<double>(pixels.size());
        brightness_ += mean;
        squared_brightness_ += mean * mean;
        if (std::ranges::adjacent_find(pixels, std::not_equal_to<>{}) == pixels.end()) ++flat_;
        detections_ += static_cast<double>(
            std::ranges::count_if(detections, [](const Detection& d) { return d.score >= least_score; }));
        ++count_;
    }
    void add_channel_means(std::span<const float> means) {
        channel_means_.resize(means.size());
        for (std::size_t c = 0; c < means.size(); ++c) channel_means_[c] += static_cast<double>(means[c]);
    }
    [[nodiscard]] PictureFigures figures(const std::optional<TrainingStatistics>& training) const {
        const auto n = static_cast<double>(std::max<std::size_t>(count_, 1));
        PictureFigures result{.mean_brightness = brightness_ / n, .flat = flat_, .mean_detections = detections_ / n};
        const double variance = squared_brightness_ / n - result.mean_brightness * result.mean_brightness;
        result.brightness_deviation = std::sqrt(std::max(variance, 0.0));
        if (training && !channel_means_.empty()) {
            std::vector<double> means = channel_means_;
            for (double& mean : means) mean /= n;
            result.distance_from_training = distance(*training, means);
        }
        return result;
    }

private:
    std::size_t count_ = 0;
    double brightness_ = 0.0;
    double squared_brightness_ = 0.0;
    std::size_t flat_ = 0;
    double detections_ = 0.0;
    std::vector<double> channel_means_;
};

/// Of one value: squared errors of each candidate, and of nothing at all.
struct ErrorSums {
    double signal = 0.0;
    std::vector<double> of_candidate;

    void add(std::span<const float> numbers, const std::vector<RangeCandidate>& candidates) {
        of_candidate.resize(candidates.size());
        for (const float x : numbers) signal += static_cast<double>(x) * static_cast<double>(x);
        for (std::size_t k = 0; k < candidates.size(); ++k) {
            double sum = 0.0;
            for (const float x : numbers) {
                const auto error = static_cast<double>(x - candidates[k].quantization.round_trip(x));
                sum += error * error;
            }
            of_candidate[k] += sum;
        }
    }
};

void choose(ChosenRange& range, const ErrorSums& sums) {
    range.errors.clear();
    for (const double error : sums.of_candidate) {
        range.errors.push_back(sums.signal > 0.0 ? std::sqrt(error / sums.signal) : 0.0);
    }
    range.errors.resize(range.candidates.size(), 0.0);
    // The first holds all that any picture showed. A cut may cost what the measured pictures do not show, so it has to
    // be clearly better on them.
    const auto best = static_cast<std::size_t>(std::ranges::min_element(range.errors) - range.errors.begin());
    range.chosen = range.errors[best] <= clear_gain * range.errors[0] ? best : 0;
}

} // namespace

Result<Observation> observe(const Graph& graph, const std::vector<ValueId>& values,
                            const std::optional<TrainingStatistics>& training, const CalibrationPictures& pictures,
                            const CalibrationProgress& progress) {
    DETECT_TRY_ASSIGN(Graph observed, with_outputs(graph, values));
    if (training) {
        DETECT_TRY_ASSIGN(const ValueId means, add_channel_means(observed, training->value));
        observed.outputs.push_back(means);
    }
    const std::size_t own_outputs = graph.outputs.size();
    DETECT_TRY_ASSIGN(const auto model, Model::compile(std::move(observed)));
    ThreadPool& pool = model->threads();
    Observation result;
    result.values.resize(values.size());
    PictureSums sums;
    for (std::size_t i = 0; i < pictures.count; ++i) {
        progress("calibration pictures", i, pictures.count);
        DETECT_TRY_ASSIGN(const Tensor picture, pictures.read(i));
        DETECT_TRY_ASSIGN(const auto outputs, model->run(std::vector<Tensor>{picture}));
        std::vector<char> finite(values.size(), 1);
        pool.for_each_task(values.size(), [&](std::size_t k, std::size_t) {
            finite[k] = result.values[k].add(outputs[k].data<float>()) ? 1 : 0;
        });
        if (const auto bad = std::ranges::find(finite, 0); bad != finite.end()) {
            const ValueId value = values[static_cast<std::size_t>(bad - finite.begin())];
            return Error{ErrorCode::bad_model, graph[value].name + " is infinite or NaN on calibration picture " +
                                                   std::to_string(i + 1) + ": such a network cannot be int8"};
        }
        DETECT_TRY_ASSIGN(const auto detections,
                          read_detections(std::span(outputs).subspan(values.size(), own_outputs)));
        sums.add(picture, detections[0]);
        if (training) sums.add_channel_means(outputs.back().data<float>());
    }
    progress("calibration pictures", pictures.count, pictures.count);
    result.pictures = sums.figures(training);
    return result;
}

Result<std::vector<ChosenRange>> choose_ranges(const Graph& graph, const std::vector<ValueId>& values,
                                               const std::vector<TensorStatistics>& statistics, ActivationType type,
                                               const CalibrationPictures& pictures, std::size_t measured,
                                               const CalibrationProgress& progress) {
    DETECT_TRY_ASSIGN(Graph observed, with_outputs(graph, values));
    DETECT_TRY_ASSIGN(const auto model, Model::compile(std::move(observed)));
    ThreadPool& pool = model->threads();
    std::vector<ChosenRange> ranges(values.size());
    pool.for_each_task(values.size(), [&](std::size_t k, std::size_t) {
        ranges[k] = {.value = values[k],
                     .low = statistics[k].low(),
                     .high = statistics[k].high(),
                     .candidates = candidate_ranges(statistics[k], type),
                     .errors = {}};
    });
    std::vector<ErrorSums> sums(values.size());
    const std::size_t count = std::min(measured, pictures.count);
    for (std::size_t i = 0; i < count; ++i) {
        progress("pictures to choose ranges by", i, count);
        DETECT_TRY_ASSIGN(const Tensor picture, pictures.read(i));
        DETECT_TRY_ASSIGN(const auto outputs, model->run(std::vector<Tensor>{picture}));
        DETECT_TRY_ASSIGN(const auto detections, read_detections(std::span(outputs).subspan(values.size())));
        pool.for_each_task(values.size(), [&](std::size_t k, std::size_t) {
            const auto numbers = where_objects_are(outputs[k], picture.dims(), detections[0]);
            sums[k].add(numbers, ranges[k].candidates);
        });
    }
    progress("pictures to choose ranges by", count, count);
    for (std::size_t k = 0; k < values.size(); ++k) choose(ranges[k], sums[k]);
    return ranges;
}

} // namespace detect
