#pragma once

#include "graph/graph.h"

#include <functional>
#include <string>
#include <vector>

namespace detect {

/// The worst differences between the reference interpreter and the optimised executor on one input.
struct VerificationRow {
    std::string input;
    std::string size;
    std::int64_t detections = 0;
    /// Over pairs of detections of score ≥ 0.1.
    double worst_score_difference = 0.0;
    double worst_iou = 1.0;
    /// Detections of score ≥ 0.1 without a partner of the same label, IoU ≥ 0.99 and |Δscore| ≤ 1e-3 on the other side.
    std::int64_t unmatched = 0;
    /// Whether the first picture of a batch gives bit for bit what it gives alone.
    bool same_alone = true;
    [[nodiscard]] bool passed() const { return unmatched == 0 && same_alone; }
};

struct Verification {
    std::vector<VerificationRow> rows;
    /// Detections on the example picture itself.
    std::int64_t example_detections = 0;
    [[nodiscard]] bool passed() const;
};

/// Runs the graph on the picture, on a batch of it and its mirror image, at a second size and on a blank picture, each
/// with the reference interpreter and with the optimised executor, and compares the detections.
/// `image`: float32 [3, height, width], RGB, 0–1. `progress` hears what is being done.
[[nodiscard]] Result<Verification> verify(const Graph& graph, const Tensor& image,
                                          const std::function<void(const std::string&)>& progress);

} // namespace detect
