// SPDX-License-Identifier: Apache-2.0
#include "evaluation/bootstrap.h"

#include "base/percentile.h"
#include "evaluation/coco_metrics.h"
#include "evaluation/ranking.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace detect::evaluation {

namespace {

/// Draws `weights.size()` images with replacement. Numbers of the standard's own engine, made even by rejection: the
/// standard's distributions differ from library to library.
void draw(std::mt19937_64& engine, std::vector<std::uint32_t>& weights) {
    std::ranges::fill(weights, 0U);
    const std::uint64_t count = weights.size();
    const std::uint64_t even = std::numeric_limits<std::uint64_t>::max() / count * count;
    for (std::uint64_t drawn = 0; drawn < count;) {
        const std::uint64_t number = engine();
        if (number >= even) continue;
        ++weights[number % count];
        ++drawn;
    }
}

std::optional<Interval> percentile_interval(std::vector<double> values) {
    if (values.empty()) return std::nullopt;
    std::ranges::sort(values);
    constexpr double tail = (1.0 - interval_confidence) / 2.0;
    return Interval{percentile(values, tail), percentile(values, 1.0 - tail), values.size()};
}

/// By resample.
using Drawn = std::vector<HeadlineFigures>;

std::optional<Interval> interval_of(const Drawn& drawn, std::size_t figure) {
    std::vector<double> values;
    for (const HeadlineFigures& one : drawn) {
        if (one[figure]) values.push_back(*one[figure]);
    }
    return percentile_interval(std::move(values));
}

std::optional<Interval> interval_of_difference(const Drawn& model, const Drawn& other, std::size_t figure) {
    std::vector<double> values;
    for (std::size_t i = 0; i < model.size(); ++i) {
        if (model[i][figure] && other[i][figure]) values.push_back(*model[i][figure] - *other[i][figure]);
    }
    return percentile_interval(std::move(values));
}

std::vector<ModelDifference> all_differences(const std::vector<Drawn>& drawn, std::span<const HeadlineFigures> figures,
                                             std::size_t pictures) {
    std::vector<ModelDifference> differences;
    for (std::size_t model = 1; model < drawn.size(); ++model) {
        for (std::size_t other = 0; other < model; ++other) {
            ModelDifference& pair = differences.emplace_back(ModelDifference{.model = model, .other = other});
            for (std::size_t figure = 0; figure < headline_count; ++figure) {
                const auto range = interval_of_difference(drawn[model], drawn[other], figure);
                if (!range || !figures[model][figure] || !figures[other][figure]) continue;
                pair.figures[figure] =
                    Difference{.value = *figures[model][figure] - *figures[other][figure],
                               .interval = *range,
                               .beyond_chance = pictures >= few_pictures && (range->low > 0.0 || range->high < 0.0)};
            }
        }
    }
    return differences;
}

} // namespace

/// A detection that found an object: how many were found up to here, of how many that count.
struct ResampledFigures::Found {
    double found = 0.0;
    double counted = 0.0;
};

/// AP and AP50, added up over categories and IoU as `coco_metrics` does.
struct ResampledFigures::Means {
    double ap = 0.0;
    double ap50 = 0.0;
    std::size_t categories = 0;
    /// Kept from category to category for their memory.
    std::array<std::vector<Found>, coco_iou_count> points = {};
    std::vector<double> precision = {};
};

/// What evaluation/ranking.h makes of the detections that found something: after a false alarm, precision is lower
/// than it was before, so that no false alarm is ever the best one that follows.
double ResampledFigures::average_precision(std::span<const Found> points, double objects,
                                           std::vector<double>& precision) {
    precision.resize(points.size());
    double best = 0.0;
    for (std::size_t i = points.size(); i-- > 0;) {
        best = std::max(best, points[i].found / (points[i].counted + std::numeric_limits<double>::epsilon()));
        precision[i] = best;
    }
    double sum = 0.0;
    std::size_t at = 0;
    for (std::size_t point = 0; point < recall_points; ++point) {
        const double wanted = point + 1 == recall_points ? 1.0 : static_cast<double>(point) * 0.01;
        while (at < points.size() && points[at].found / objects < wanted) ++at;
        if (at == points.size()) break;
        sum += precision[at];
    }
    return sum / static_cast<double>(recall_points);
}

ResampledFigures::ResampledFigures(const Findings& findings, std::span<const PictureOutcome> pictures)
    : categories_(findings.category_count()), pictures_(findings.dataset().images.size()) {
    for (const PictureOutcome& picture : pictures)
        pictures_[picture.image] = {picture.found, picture.missed + picture.false_alarms};
    for (std::size_t i = 0; i < categories_.size(); ++i) {
        std::vector<double> scores;
        std::vector<Detection> detections;
        for (const Case& one : findings.cases(i)) {
            const std::size_t first = detections.size();
            for (std::size_t t = 0; t < coco_iou_count; ++t) {
                const Matching matching = match(findings, one, coco_iou(t), {}, coco_most_detections);
                detections.resize(first + matching.object_of.size(), {static_cast<std::uint32_t>(one.image)});
                const auto bit = static_cast<std::uint16_t>(1U << t);
                for (std::size_t d = 0; d < matching.object_of.size(); ++d) {
                    if (matching.ignored[d]) {
                        detections[first + d].ignored |= bit;
                    } else if (matching.object_of[d]) {
                        detections[first + d].correct |= bit;
                    }
                }
                if (t > 0) continue;
                const auto objects = std::ranges::count(matching.object_ignored, false);
                if (objects > 0) categories_[i].objects.push_back({one.image, static_cast<std::size_t>(objects)});
            }
            for (std::size_t d = first; d < detections.size(); ++d)
                scores.push_back(findings.detections()[one.detections[d - first]].score);
        }
        // Without objects a category has no AP in any resample.
        if (categories_[i].objects.empty()) continue;
        std::vector<std::size_t> order(detections.size());
        for (std::size_t d = 0; d < order.size(); ++d) order[d] = d;
        std::ranges::stable_sort(order, std::greater(), [&](std::size_t d) { return scores[d]; });
        for (const std::size_t d : order) categories_[i].detections.push_back(detections[d]);
    }
}

void ResampledFigures::add_category(const Category& category, std::span<const std::uint32_t> weights, Means& means) {
    std::uint64_t objects = 0;
    for (const auto& [image, count] : category.objects) objects += weights[image] * std::uint64_t{count};
    if (objects == 0) return;
    for (auto& points : means.points) points.clear();
    std::uint64_t reported = 0;
    std::array<std::uint64_t, coco_iou_count> found{};
    std::array<std::uint64_t, coco_iou_count> ignored{};
    const auto for_each_bit = [](unsigned bits, auto visit) {
        for (; bits != 0; bits &= bits - 1) visit(static_cast<std::size_t>(std::countr_zero(bits)));
    };
    for (const Detection& detection : category.detections) {
        const std::uint64_t weight = weights[detection.image];
        if (weight == 0) continue;
        reported += weight;
        for_each_bit(detection.ignored, [&](std::size_t t) { ignored[t] += weight; });
        for_each_bit(detection.correct, [&](std::size_t t) {
            found[t] += weight;
            means.points[t].push_back({static_cast<double>(found[t]), static_cast<double>(reported - ignored[t])});
        });
    }
    for (std::size_t t = 0; t < coco_iou_count; ++t) {
        const double ap = average_precision(means.points[t], static_cast<double>(objects), means.precision);
        means.ap += ap;
        if (t == 0) means.ap50 += ap;
    }
    ++means.categories;
}

HeadlineFigures ResampledFigures::at(std::span<const std::uint32_t> weights) const {
    HeadlineFigures figures;
    Means means;
    for (const Category& category : categories_) add_category(category, weights, means);
    if (means.categories > 0) {
        const auto count = static_cast<double>(means.categories);
        figures[headline_ap] = means.ap / (count * static_cast<double>(coco_iou_count));
        figures[headline_ap50] = means.ap50 / count;
    }
    std::uint64_t found = 0;
    std::uint64_t wrong = 0;
    for (std::size_t image = 0; image < pictures_.size(); ++image) {
        found += weights[image] * pictures_[image].found;
        wrong += weights[image] * pictures_[image].wrong;
    }
    if (found + wrong > 0)
        figures[headline_f1] = 2.0 * static_cast<double>(found) / static_cast<double>(2 * found + wrong);
    return figures;
}

std::uint64_t ResampledFigures::steps() const {
    std::uint64_t steps = pictures_.size();
    for (const Category& category : categories_) {
        if (category.objects.empty()) continue;
        steps += category.objects.size() + recall_points * coco_iou_count + category.detections.size();
        for (const Detection& detection : category.detections)
            steps += static_cast<std::uint64_t>(std::popcount(detection.correct));
    }
    return steps;
}

std::optional<std::size_t> Bootstrap::winner(Headline figure) const {
    for (std::size_t model = 0; model < intervals.size(); ++model) {
        std::size_t beaten = 0;
        for (const ModelDifference& pair : differences) {
            const auto& difference = pair.figures[figure];
            if (!difference || !difference->beyond_chance) continue;
            if ((pair.model == model && difference->value > 0.0) || (pair.other == model && difference->value < 0.0))
                ++beaten;
        }
        if (beaten > 0 && beaten + 1 == intervals.size()) return model;
    }
    return std::nullopt;
}

Bootstrap bootstrap(std::span<const ResampledFigures> models, std::span<const HeadlineFigures> figures,
                    std::size_t pictures, std::size_t resamples) {
    Bootstrap result{.resamples = resamples, .pictures = pictures};
    std::uint64_t steps = 0;
    for (const ResampledFigures& model : models) steps += model.steps();
    if (resamples == 0) {
        result.left_out = "they were not asked for";
    } else if (pictures < 2) {
        result.left_out = "they need two pictures or more";
    } else if (steps > most_bootstrap_steps / resamples) {
        result.left_out = std::to_string(resamples) + " resamples of so many detections would take too long";
    }
    if (!result.left_out.empty()) return result;

    std::mt19937_64 engine(bootstrap_seed);
    std::vector<std::uint32_t> weights(pictures);
    std::vector<Drawn> drawn(models.size());
    for (std::size_t i = 0; i < resamples; ++i) {
        draw(engine, weights);
        for (std::size_t model = 0; model < models.size(); ++model) drawn[model].push_back(models[model].at(weights));
    }
    for (const Drawn& of_model : drawn) {
        auto& intervals = result.intervals.emplace_back();
        for (std::size_t figure = 0; figure < headline_count; ++figure)
            intervals[figure] = interval_of(of_model, figure);
    }
    result.differences = all_differences(drawn, figures, pictures);
    return result;
}

} // namespace detect::evaluation
