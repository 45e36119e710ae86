// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace detect::test {

/// How far two arrays are apart.
struct Closeness {
    /// Same type and sizes, and every element within `atol + rtol · |expected|`. NaN equals nothing.
    bool close = false;
    std::size_t elements = 0;
    std::size_t outside = 0;
    float worst_absolute = 0;
    /// The worst element, as a share of what it may be off: above 1 it is outside.
    float worst_share = 0;
    /// One line: sizes, how many elements are outside, the worst one's position and values.
    std::string report;
};

/// Compares float32 arrays as numpy.allclose does.
[[nodiscard]] Closeness compare_close(const Tensor& actual, const Tensor& expected, float rtol, float atol);

/// The same bytes, sizes and type; reports the first difference.
[[nodiscard]] bool same_bits(const Tensor& a, const Tensor& b);

/// One detected object: corners x1, y1, x2, y2 in pixels of the picture, class and score.
struct Found {
    std::array<float, 4> box{};
    std::int64_t label = 0;
    float score = 0;
    bool operator==(const Found&) const = default;
};

/// One image's detections from boxes [n,4], labels [n], scores [n].
[[nodiscard]] std::vector<Found> to_found(const Tensor& boxes, const Tensor& labels, const Tensor& scores);

/// Image `index` of a batch: boxes [N,m,4], labels [N,m], scores [N,m], valid_detections [N]; the valid rows only.
[[nodiscard]] std::vector<Found> to_found(const Tensor& boxes, const Tensor& labels, const Tensor& scores,
                                          const Tensor& valid_detections, std::int64_t index);

/// Intersection over union; two equal boxes without area have 1.
[[nodiscard]] double intersection_over_union(const std::array<float, 4>& a, const std::array<float, 4>& b);

struct MatchRule {
    float min_score = 0.1F;
    double min_iou = 0.99;
    float max_score_difference = 1e-3F;
};

struct Match {
    /// Everything of `min_score` and above on either side has its own partner.
    bool matched = false;
    /// Pairs with at least one side of `min_score` and above.
    std::size_t pairs = 0;
    double worst_iou = 1;
    float worst_score_difference = 0;
    /// Those without a partner, one a line.
    std::string report;
};

/// Pairs detections one to one: same label, IoU ≥ min_iou, scores within max_score_difference. A detection below
/// `min_score` need not have a partner, but may be one: a score of 0.1001 may have moved to 0.0999.
[[nodiscard]] Match match_detections(std::span<const Found> a, std::span<const Found> b, const MatchRule& rule = {});

} // namespace detect::test
