// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/matching.h"

#include <optional>
#include <vector>

/// What a detector got wrong, one by one.
namespace detect::evaluation {

/// Something at the place of an error that explains it: of a miss a detection, of a false alarm an object.
struct Neighbour {
    /// Position in Dataset::annotations or in the list of detections.
    std::size_t index = 0;
    double iou = 0.0;
};

/// An object that no detection of its category and of at least the chosen score found.
struct Miss {
    /// Position in Dataset::annotations.
    std::size_t object = 0;
    /// The detection that was paired with it although its category is another one.
    std::optional<Neighbour> taken_for = std::nullopt;
    /// The best detection of its category at this place, below the chosen score.
    std::optional<Neighbour> too_faint = std::nullopt;
    /// The best detection of its category that is near, but overlaps too little.
    std::optional<Neighbour> too_far_off = std::nullopt;
};

/// A detection of at least the chosen score that is at no object of its category.
struct FalseAlarm {
    /// Position in the list of detections.
    std::size_t detection = 0;
    /// The object of another category that it was paired with.
    std::optional<Neighbour> taken_from = std::nullopt;
    /// The object of its category that a better detection had found already.
    std::optional<Neighbour> found_twice = std::nullopt;
    /// The object of its category that it overlaps too little.
    std::optional<Neighbour> too_far_off = std::nullopt;
};

struct Errors {
    std::vector<Miss> misses;
    std::vector<FalseAlarm> false_alarms;
    /// Objects that were found, with what found them.
    struct Hit {
        std::size_t object = 0;
        std::size_t detection = 0;
    };
    std::vector<Hit> hits;
};

/// By the rules of `confusion_matrix`, in the order of the dataset and of the list.
[[nodiscard]] Errors find_errors(const Findings& findings, double min_iou, double min_score);

/// The misses that most deserve a look, at most `count`: those at which nothing was reported come before those that
/// were taken for something else, and those before the faint ones, which a lower score would find. Categories take
/// turns, so that a frequent error does not hide the others.
[[nodiscard]] std::vector<Miss> worst_misses(const Findings& findings, const Errors& errors, std::size_t count);

/// The false alarms of the highest scores, at most `count`, categories in turn.
[[nodiscard]] std::vector<FalseAlarm> worst_false_alarms(const Findings& findings, const Errors& errors,
                                                         std::size_t count);

} // namespace detect::evaluation
