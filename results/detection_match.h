// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"

#include <cstdint>
#include <span>

namespace detect {

/// Intersection over union of two boxes (xyxy); 0 if both are empty.
[[nodiscard]] double intersection_over_union(const Box& a, const Box& b);

struct MatchTolerance {
    /// Fainter detections may come and go.
    float min_score = 0.1F;
    double min_iou = 0.99;
    float max_score_difference = 1e-3F;
};

struct MatchReport {
    std::int64_t matched = 0;
    /// Detections on either side, of at least `min_score`, that found no partner.
    std::int64_t unmatched = 0;
    double worst_iou = 1.0;
    double worst_score_difference = 0.0;
};

/// Pairs detections of the same label one to one, nearest score first. A detection of at least `min_score` on either
/// side must have a partner within the tolerance (which itself may be fainter).
[[nodiscard]] MatchReport match_detections(std::span<const Detection> a, std::span<const Detection> b,
                                           const MatchTolerance& tolerance = {});

} // namespace detect
