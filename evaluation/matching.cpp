// SPDX-License-Identifier: Apache-2.0
#include "evaluation/matching.h"

#include <algorithm>
#include <numeric>

namespace detect::evaluation {

namespace {

/// Positions of the items of each category, by ascending image, otherwise in their order.
template <class Items>
std::vector<std::vector<std::size_t>> sort_by_category(const Items& items, std::size_t categories) {
    std::vector<std::vector<std::size_t>> sorted(categories);
    for (std::size_t i = 0; i < items.size(); ++i) sorted[items[i].category].push_back(i);
    for (auto& positions : sorted)
        std::ranges::stable_sort(positions, {}, [&](std::size_t position) { return items[position].image; });
    return sorted;
}

/// Moves the positions that belong to `image` from the front of what remains.
template <class Items>
std::vector<std::size_t> take(const Items& items, std::span<const std::size_t>& remaining, std::size_t image) {
    std::size_t count = 0;
    while (count < remaining.size() && items[remaining[count]].image == image) ++count;
    std::vector<std::size_t> taken(remaining.begin(), remaining.begin() + static_cast<std::ptrdiff_t>(count));
    remaining = remaining.subspan(count);
    return taken;
}

/// Objects that count come first, otherwise in their order.
std::vector<std::size_t> counting_first(const std::vector<bool>& ignored) {
    std::vector<std::size_t> order(ignored.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(), [&](std::size_t object) { return !ignored[object]; });
    return order;
}

} // namespace

Findings::Findings(const Dataset& dataset, std::span<const DetectedBox> detections)
    : dataset_(&dataset), detections_(detections), cases_(dataset.categories.size()) {
    const auto objects = sort_by_category(dataset.annotations, cases_.size());
    const auto found = sort_by_category(detections, cases_.size());
    for (std::size_t category = 0; category < cases_.size(); ++category) {
        std::span<const std::size_t> objects_left(objects[category]);
        std::span<const std::size_t> found_left(found[category]);
        while (!objects_left.empty() || !found_left.empty()) {
            Case one;
            one.image = dataset.images.size();
            if (!objects_left.empty()) one.image = dataset.annotations[objects_left.front()].image;
            if (!found_left.empty()) one.image = std::min(one.image, detections[found_left.front()].image);
            one.objects = take(dataset.annotations, objects_left, one.image);
            one.detections = take(detections, found_left, one.image);
            std::ranges::stable_sort(one.detections, std::greater(),
                                     [&](std::size_t position) { return detections[position].score; });
            for (const std::size_t detection : one.detections) {
                for (const std::size_t object : one.objects) {
                    const Annotation& annotation = dataset.annotations[object];
                    one.overlaps.push_back(overlap(detections[detection].box, annotation.box, annotation.crowd));
                }
            }
            cases_[category].push_back(std::move(one));
        }
    }
}

Matching match(const Findings& findings, const Case& one, double min_iou, const AreaRange& range) {
    const auto outside = [&](double area) { return area < range.low || area > range.high; };
    const auto annotation = [&](std::size_t object) -> const Annotation& {
        return findings.dataset().annotations[one.objects[object]];
    };
    Matching matching{.object_of = std::vector<std::optional<std::size_t>>(one.detections.size()),
                      .ignored = std::vector<bool>(one.detections.size()),
                      .object_ignored = std::vector<bool>(one.objects.size())};
    for (std::size_t object = 0; object < one.objects.size(); ++object)
        matching.object_ignored[object] = annotation(object).crowd || outside(annotation(object).area);

    const std::vector<std::size_t> order = counting_first(matching.object_ignored);
    std::vector<bool> taken(one.objects.size());
    for (std::size_t i = 0; i < one.detections.size(); ++i) {
        double least = std::min(min_iou, 1.0 - 1e-10);
        std::optional<std::size_t> best;
        for (const std::size_t object : order) {
            if (taken[object] && !annotation(object).crowd) continue;
            if (best && !matching.object_ignored[*best] && matching.object_ignored[object]) break;
            const double iou = one.overlaps[i * one.objects.size() + object];
            if (iou < least) continue; // of equal overlaps the last one is taken
            least = iou;
            best = object;
        }
        matching.object_of[i] = best;
        if (best) taken[*best] = true;
        matching.ignored[i] =
            best ? matching.object_ignored[*best] : outside(findings.detections()[one.detections[i]].box.area());
    }
    return matching;
}

} // namespace detect::evaluation
