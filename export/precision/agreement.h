// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"

#include <cstddef>
#include <span>

namespace detect {

/// Detections with less are too doubtful to tell two networks apart.
inline constexpr float least_score = 0.3F;

/// How well the detections of a changed network agree with those of the original, over pictures.
struct Agreement {
    /// Detections of the original of score ≥ 0.3, and of these those that the other has too: same label, IoU ≥ 0.5.
    std::size_t original = 0;
    std::size_t found = 0;
    /// Of score ≥ 0.3 in the other alone.
    std::size_t extra = 0;
    /// Sums over those found in both.
    double score_differences = 0.0;
    double ious = 0.0;
    /// Scores of what only one of the two has.
    double lost_scores = 0.0;

    void add(std::span<const Detection> of_original, std::span<const Detection> of_other);
    [[nodiscard]] double mean_score_difference() const;
    [[nodiscard]] double mean_iou() const;
    /// One number to order changes by: how much score a detection gains or loses, with what only one has counted in
    /// full.
    [[nodiscard]] double loss() const;
};

} // namespace detect
