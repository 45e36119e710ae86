// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace detect {

struct NmsParameters {
    /// A box is dropped if its intersection over union with a kept one is above this, which is not below 0.
    float iou_threshold = 0.5F;
    /// Only boxes whose score is above this take part. Minus infinity lets all but NaN and -∞ scores in.
    float score_threshold = 0.F;
    /// At most this many are kept.
    std::size_t max_output = SIZE_MAX;
};

/// Greedy non-maximum suppression: torchvision.ops.nms, with the same float operations. ONNX's NonMaxSuppression keeps
/// the same boxes if their corners are in order, which they need not be there. Holds the memory that its runs need, so
/// a second run of no larger a size allocates nothing. One per thread.
class Nms {
public:
    /// `boxes` [n, 4] as x1, y1, x2, y2; `scores` [n]. Returns the indices of the kept boxes from the highest score to
    /// the lowest, the lower index first among equal scores; valid until the next run. A NaN score takes no part. A box
    /// that has a NaN corner, ends before it starts, or has no area overlaps nothing, so it neither suppresses nor is
    /// suppressed; so do two boxes whose areas are infinite.
    std::span<const std::int64_t> run(std::span<const float> boxes, std::span<const float> scores,
                                      const NmsParameters& parameters);

private:
    std::vector<std::int64_t> order_;
    std::vector<std::int64_t> kept_;
    /// Kept boxes, one array per coordinate, so that a candidate meets several at once.
    std::vector<float> x1_;
    std::vector<float> y1_;
    std::vector<float> x2_;
    std::vector<float> y2_;
    std::vector<float> area_;
};

} // namespace detect
