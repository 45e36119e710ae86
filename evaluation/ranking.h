// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/matching.h"

#include <array>
#include <optional>
#include <vector>

namespace detect::evaluation {

struct RankedDetection {
    double score = 0.0;
    /// It found an object; otherwise it is a false alarm.
    bool correct = false;
    /// Position in the list of detections.
    std::size_t detection = 0;
    /// 0 for the best of its category in its image, ignored ones counted.
    std::size_t place = 0;
};

/// All detections of a category that are right or wrong, the best score first; equal scores in the order of images.
struct Ranking {
    std::vector<RankedDetection> detections;
    /// Objects that there are to be found.
    std::size_t objects = 0;
};

/// Matches all cases of a category. Only the best `limit` detections of an image count.
[[nodiscard]] Ranking rank(const Findings& findings, std::size_t category, double min_iou, const AreaRange& range = {},
                           std::size_t limit = no_limit);

inline constexpr std::size_t recall_points = 101;

/// The best precision that is reached at recall 0, 0.01, … 1 or above; 0 where that recall is not reached.
[[nodiscard]] std::array<double, recall_points> precision_at_recalls(const Ranking& ranking);

/// Their mean; nothing without objects.
[[nodiscard]] std::optional<double> average_precision(const Ranking& ranking);

/// Share of the objects that the best `limit` detections of each image find; nothing without objects.
[[nodiscard]] std::optional<double> recall(const Ranking& ranking, std::size_t limit = no_limit);

/// What happens if only detections of a certain score and above are reported.
struct Counts {
    std::size_t correct = 0;
    std::size_t false_alarms = 0;
    std::size_t missed = 0;

    /// Nothing where the denominator is 0.
    [[nodiscard]] std::optional<double> precision() const;
    [[nodiscard]] std::optional<double> recall() const;
    [[nodiscard]] std::optional<double> f1() const;
    Counts& operator+=(const Counts& other);
};
[[nodiscard]] Counts counts_at(const Ranking& ranking, double score);

/// The lowest score to report for the highest F1. Of several such scores it is the highest one.
struct BestScore {
    double score = 0.0;
    Counts counts;
};
/// Nothing if no object is found at any score.
[[nodiscard]] std::optional<BestScore> best_f1(const Ranking& ranking);

/// The rankings of several categories as one.
[[nodiscard]] Ranking merge(std::span<const Ranking> rankings);

} // namespace detect::evaluation
