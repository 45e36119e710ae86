// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"
#include "results/detection_match.h"

#include <functional>
#include <string>
#include <vector>

namespace detect {

/// The worst differences between the reference interpreter and the optimised executor on one input.
struct VerificationRow {
    std::string input;
    std::string size;
    std::int64_t detections = 0;
    /// Over pairs of detections of at least the tolerance's score.
    double worst_score_difference = 0.0;
    double worst_iou = 1.0;
    /// Detections of at least the tolerance's score without a partner within the tolerance on the other side.
    std::int64_t unmatched = 0;
    /// So many of those are put up with.
    std::int64_t unmatched_allowed = 0;
    /// Whether the first picture of a batch gives bit for bit what it gives alone.
    bool same_alone = true;
    [[nodiscard]] bool passed() const { return unmatched <= unmatched_allowed && same_alone; }
};

/// What the two engines must agree within: score ≥ 0.1, IoU ≥ 0.99, |Δscore| ≤ 1e-3, for every detection. For a graph
/// that rounds to integers: score ≥ 0.3, IoU ≥ 0.5, |Δscore| ≤ 0.2, for nine in ten. There the last bit of a float
/// decides now and then which integer it becomes, and the two sum in different orders; a step of an integer is a
/// hundred thousand times such a bit, and later layers pass it on: scores differ by 0.01 on average and by 0.05 at
/// worst on boards with 14 detections each. What is wrong with an engine, or with a scale, is far more than that.
struct VerificationTolerance {
    MatchTolerance match;
    double unmatched_share = 0.0;
};
[[nodiscard]] VerificationTolerance verification_tolerance(const Graph& graph);

struct Verification {
    VerificationTolerance tolerance;
    std::vector<VerificationRow> rows;
    /// Detections on the example picture itself.
    std::int64_t example_detections = 0;
    [[nodiscard]] bool passed() const;
};

/// Runs the graph on the picture, on a batch of it and its mirror image, at a second size and on a blank picture, each
/// with the reference interpreter and with the optimised executor, and compares the detections within
/// `verification_tolerance`.
/// `image`: float32 [3, height, width], RGB, 0–1. `progress` hears what is being done.
[[nodiscard]] Result<Verification> verify(const Graph& graph, const Tensor& image,
                                          const std::function<void(const std::string&)>& progress);

} // namespace detect
