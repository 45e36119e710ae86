// SPDX-License-Identifier: Apache-2.0
#include "evaluation/matching.h"

#include "evaluation/overlap_index.h"

#include <algorithm>
#include <string>

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

/// Counts what is compared, and stops it beyond the limits.
class Budget {
public:
    explicit Budget(const FindingsLimits& limits) : limits_(limits) {}

    /// Across categories, as errors are explained. What is small is not counted.
    void look_at_pictures(const Dataset& dataset, std::span<const DetectedBox> detections);
    [[nodiscard]] bool compare() {
        if (++comparisons_ > limits_.comparisons) refuse("the annotations and detections", limits_.comparisons);
        return !error_;
    }
    [[nodiscard]] bool add_pair() {
        if (++pairs_ > limits_.pairs) refuse("the annotations and detections", limits_.pairs);
        return !error_;
    }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

private:
    void refuse(const std::string& what, std::size_t limit) {
        if (error_) return;
        error_ = Error{ErrorCode::resource_limit, what + " have more than " + std::to_string(limit) +
                                                      " pairs of boxes to compare, the limit; evaluate fewer "
                                                      "detections, such as those above a score"};
    }

    FindingsLimits limits_;
    std::size_t comparisons_ = 0;
    std::size_t pairs_ = 0;
    std::optional<Error> error_;
};

/// From here on it pays to sort boxes before they are compared.
constexpr std::size_t many_pairs = std::size_t{1} << 14U;

void Budget::look_at_pictures(const Dataset& dataset, std::span<const DetectedBox> detections) {
    std::vector<std::vector<std::size_t>> objects(dataset.images.size());
    std::vector<std::vector<std::size_t>> found(dataset.images.size());
    for (std::size_t i = 0; i < dataset.annotations.size(); ++i) objects[dataset.annotations[i].image].push_back(i);
    for (std::size_t i = 0; i < detections.size(); ++i) found[detections[i].image].push_back(i);
    for (std::size_t image = 0; image < objects.size() && !error_; ++image) {
        if (objects[image].size() * found[image].size() <= std::max(many_pairs, limits_.pairs_in_picture)) continue;
        std::vector<CocoBox> boxes;
        for (const std::size_t object : objects[image]) boxes.push_back(dataset.annotations[object].box);
        const OverlapIndex index(boxes);
        std::size_t pairs = 0;
        for (const std::size_t detection : found[image]) {
            index.for_each_candidate(detections[detection].box, [&](std::size_t object) {
                if (compare() && overlap(detections[detection].box, boxes[object]) > 0.0) ++pairs;
            });
            if (error_) return;
            if (pairs > limits_.pairs_in_picture) {
                return refuse("the detections and objects of the image with id " +
                                  std::to_string(dataset.images[image].id),
                              limits_.pairs_in_picture);
            }
        }
    }
}

void find_overlaps(const Dataset& dataset, std::span<const DetectedBox> detections, Case& one, Budget& budget) {
    const bool many = one.detections.size() * one.objects.size() > many_pairs;
    std::vector<CocoBox> boxes;
    for (std::size_t object = 0; many && object < one.objects.size(); ++object)
        boxes.push_back(dataset.annotations[one.objects[object]].box);
    const OverlapIndex index(std::move(boxes));
    for (const std::size_t detection : one.detections) {
        const std::size_t begin = one.overlaps.size();
        const auto look_at = [&](std::size_t object) {
            if (!budget.compare()) return;
            const Annotation& annotation = dataset.annotations[one.objects[object]];
            const double iou = overlap(detections[detection].box, annotation.box, annotation.crowd);
            if (iou > 0.0 && budget.add_pair()) one.overlaps.push_back({object, iou});
        };
        if (many) {
            index.for_each_candidate(detections[detection].box, look_at);
            std::ranges::sort(one.overlaps.begin() + static_cast<std::ptrdiff_t>(begin), one.overlaps.end(), {},
                              &Overlap::object);
        } else {
            for (std::size_t object = 0; object < one.objects.size(); ++object) look_at(object);
        }
        one.ends.push_back(one.overlaps.size());
    }
}

} // namespace

Findings::Findings(const Dataset& dataset, std::span<const DetectedBox> detections, const FindingsLimits& limits)
    : dataset_(&dataset), detections_(detections), cases_(dataset.categories.size()) {
    Budget budget(limits);
    budget.look_at_pictures(dataset, detections);
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
            find_overlaps(dataset, detections, one, budget);
            cases_[category].push_back(std::move(one));
        }
    }
    error_ = budget.error();
}

Result<void> Findings::check() const { return error_ ? Result<void>(*error_) : Result<void>(); }

Matching match(const Findings& findings, const Case& one, double min_iou, const AreaRange& range, std::size_t limit) {
    const auto outside = [&](double area) { return area < range.low || area > range.high; };
    const auto annotation = [&](std::size_t object) -> const Annotation& {
        return findings.dataset().annotations[one.objects[object]];
    };
    const std::size_t detections = std::min(limit, one.detections.size());
    Matching matching{.object_of = std::vector<std::optional<std::size_t>>(detections),
                      .ignored = std::vector<bool>(detections),
                      .object_ignored = std::vector<bool>(one.objects.size())};
    for (std::size_t object = 0; object < one.objects.size(); ++object)
        matching.object_ignored[object] = annotation(object).crowd || outside(annotation(object).area);

    std::vector<bool> taken(one.objects.size());
    for (std::size_t i = 0; i < detections; ++i) {
        double least = std::min(min_iou, 1.0 - 1e-10);
        std::optional<std::size_t> best;
        // Objects that count come first, others only where none of them fits.
        for (const bool ignored : {false, true}) {
            for (const Overlap& overlap : one.overlaps_of(i)) {
                if (matching.object_ignored[overlap.object] != ignored) continue;
                if (taken[overlap.object] && !annotation(overlap.object).crowd) continue;
                if (overlap.iou < least) continue; // of equal overlaps the last one is taken
                least = overlap.iou;
                best = overlap.object;
            }
            if (best) break;
        }
        matching.object_of[i] = best;
        if (best) taken[*best] = true;
        matching.ignored[i] =
            best ? matching.object_ignored[*best] : outside(findings.detections()[one.detections[i]].box.area());
    }
    return matching;
}

} // namespace detect::evaluation
