// SPDX-License-Identifier: Apache-2.0
#include "evaluation/errors.h"

#include "evaluation/overlap_index.h"

#include <algorithm>
#include <tuple>

namespace detect::evaluation {

namespace {

/// From here on a detection is likely to mean an object, even if it is not well placed.
constexpr double near = 0.1;

struct Pair {
    std::size_t object = 0;
    std::size_t detection = 0;
    double iou = 0.0;
};

/// What matching within categories leaves: a miss for each object, a false alarm for each detection.
struct Remainder {
    Errors errors;
    /// By image: positions in errors.misses and errors.false_alarms.
    std::vector<std::vector<std::size_t>> misses;
    std::vector<std::vector<std::size_t>> false_alarms;
};

bool better(const std::optional<Neighbour>& a, double iou) { return !a || iou > a->iou; }

/// Of each object the detections that overlap it, by their position in the case and in that order.
struct Overlapping {
    std::size_t detection = 0;
    double iou = 0.0;
};

std::vector<std::vector<Overlapping>> by_object(const Case& one) {
    std::vector<std::vector<Overlapping>> overlapping(one.objects.size());
    for (std::size_t i = 0; i < one.detections.size(); ++i) {
        for (const Overlap& overlap : one.overlaps_of(i)) overlapping[overlap.object].push_back({i, overlap.iou});
    }
    return overlapping;
}

Miss explain_miss(const Findings& findings, const Case& one, std::size_t object,
                  std::span<const Overlapping> overlapping, double min_iou, double min_score) {
    Miss miss{.object = one.objects[object]};
    for (const auto& [i, iou] : overlapping) {
        const bool reported = findings.detections()[one.detections[i]].score >= min_score;
        const Neighbour neighbour{one.detections[i], iou};
        if (!reported && iou >= min_iou && !miss.too_faint) miss.too_faint = neighbour;
        if (reported && iou >= near && iou < min_iou && better(miss.too_far_off, iou)) miss.too_far_off = neighbour;
    }
    return miss;
}

FalseAlarm explain_false_alarm(const Findings& findings, const Case& one, std::size_t i, double min_iou) {
    FalseAlarm alarm{.detection = one.detections[i]};
    for (const auto& [object, iou] : one.overlaps_of(i)) {
        if (findings.dataset().annotations[one.objects[object]].crowd) continue;
        const Neighbour neighbour{one.objects[object], iou};
        if (iou >= min_iou && better(alarm.found_twice, iou)) alarm.found_twice = neighbour;
        if (iou >= near && iou < min_iou && better(alarm.too_far_off, iou)) alarm.too_far_off = neighbour;
    }
    return alarm;
}

void sort_out(const Findings& findings, const Case& one, double min_iou, double min_score, Remainder& remainder) {
    const Matching matching = match(findings, one, min_iou);
    std::vector<bool> found(one.objects.size());
    for (std::size_t i = 0; i < one.detections.size(); ++i) {
        if (matching.ignored[i] || findings.detections()[one.detections[i]].score < min_score) continue;
        if (const auto object = matching.object_of[i]) {
            found[*object] = true;
            remainder.errors.hits.push_back({one.objects[*object], one.detections[i]});
            continue;
        }
        remainder.false_alarms[one.image].push_back(remainder.errors.false_alarms.size());
        remainder.errors.false_alarms.push_back(explain_false_alarm(findings, one, i, min_iou));
    }
    const auto overlapping = by_object(one);
    for (std::size_t object = 0; object < one.objects.size(); ++object) {
        if (found[object] || matching.object_ignored[object]) continue;
        remainder.misses[one.image].push_back(remainder.errors.misses.size());
        remainder.errors.misses.push_back(explain_miss(findings, one, object, overlapping[object], min_iou, min_score));
    }
}

/// Pairs what remains in an image across categories, each with one.
void pair_across_categories(const Findings& findings, std::span<const std::size_t> misses,
                            std::span<const std::size_t> false_alarms, double min_iou, Errors& errors) {
    if (misses.empty() || false_alarms.empty()) return;
    std::vector<CocoBox> boxes;
    for (const std::size_t alarm : false_alarms)
        boxes.push_back(findings.detections()[errors.false_alarms[alarm].detection].box);
    const OverlapIndex index(boxes);
    std::vector<Pair> pairs;
    for (const std::size_t miss : misses) {
        const Annotation& object = findings.dataset().annotations[errors.misses[miss].object];
        index.for_each_candidate(object.box, [&](std::size_t alarm) {
            const double iou = overlap(boxes[alarm], object.box);
            // Of the same category none is left that overlaps so much: matching would have paired them.
            if (iou >= min_iou) pairs.push_back({miss, false_alarms[alarm], iou});
        });
    }
    // Of equal ones the first object and detection of the lists.
    std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
        return std::tuple(-a.iou, a.object, a.detection) < std::tuple(-b.iou, b.object, b.detection);
    });
    for (const Pair& pair : pairs) {
        Miss& miss = errors.misses[pair.object];
        FalseAlarm& alarm = errors.false_alarms[pair.detection];
        if (miss.taken_for || alarm.taken_from) continue;
        miss.taken_for = Neighbour{alarm.detection, pair.iou};
        alarm.taken_from = Neighbour{miss.object, pair.iou};
    }
}

/// Takes one of each category in turn, each category's in the order given, until there are `count`.
template <class Item, class CategoryOf>
std::vector<Item> in_turn(const std::vector<Item>& sorted, std::size_t categories, std::size_t count,
                          CategoryOf category_of) {
    std::vector<std::vector<Item>> queues(categories);
    for (const Item& item : sorted) queues[category_of(item)].push_back(item);
    std::vector<Item> taken;
    for (std::size_t turn = 0; taken.size() < std::min(count, sorted.size()); ++turn) {
        for (const auto& queue : queues) {
            if (turn < queue.size() && taken.size() < count) taken.push_back(queue[turn]);
        }
    }
    return taken;
}

} // namespace

Errors find_errors(const Findings& findings, double min_iou, double min_score) {
    const std::size_t images = findings.dataset().images.size();
    Remainder remainder;
    remainder.misses.resize(images);
    remainder.false_alarms.resize(images);
    for (std::size_t category = 0; category < findings.category_count(); ++category) {
        for (const Case& one : findings.cases(category)) sort_out(findings, one, min_iou, min_score, remainder);
    }
    for (std::size_t image = 0; image < images; ++image) {
        pair_across_categories(findings, remainder.misses[image], remainder.false_alarms[image], min_iou,
                               remainder.errors);
    }
    return std::move(remainder.errors);
}

std::vector<Miss> worst_misses(const Findings& findings, const Errors& errors, std::size_t count) {
    const auto badness = [&](const Miss& miss) {
        const double score = miss.too_faint ? findings.detections()[miss.too_faint->index].score : 0.0;
        const int kind = miss.too_faint ? 3 : miss.too_far_off ? 2 : miss.taken_for ? 1 : 0;
        return std::tuple(kind, score, -findings.dataset().annotations[miss.object].area);
    };
    std::vector<Miss> sorted = errors.misses;
    std::ranges::stable_sort(sorted, {}, badness);
    return in_turn(sorted, findings.category_count(), count,
                   [&](const Miss& miss) { return findings.dataset().annotations[miss.object].category; });
}

std::vector<FalseAlarm> worst_false_alarms(const Findings& findings, const Errors& errors, std::size_t count) {
    const auto detection = [&](const FalseAlarm& alarm) -> const DetectedBox& {
        return findings.detections()[alarm.detection];
    };
    std::vector<FalseAlarm> sorted = errors.false_alarms;
    std::ranges::stable_sort(sorted, std::greater(), [&](const FalseAlarm& alarm) { return detection(alarm).score; });
    return in_turn(sorted, findings.category_count(), count,
                   [&](const FalseAlarm& alarm) { return detection(alarm).category; });
}

} // namespace detect::evaluation
