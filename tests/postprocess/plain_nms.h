// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "postprocess/nms_kernel.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace detect::test {

using Indices = std::vector<std::int64_t>;

/// torchvision.ops.nms, line by line: from the highest score down, whoever is left strikes out whom it overlaps.
inline Indices plain_nms(std::span<const float> boxes, std::span<const float> scores, const NmsParameters& p) {
    Indices order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::erase_if(order, [&](std::int64_t i) { return !(scores[static_cast<std::size_t>(i)] > p.score_threshold); });
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    const auto corner = [&](std::int64_t i, std::size_t k) { return boxes[static_cast<std::size_t>(i) * 4 + k]; };
    const auto area = [&](std::int64_t i) { return (corner(i, 2) - corner(i, 0)) * (corner(i, 3) - corner(i, 1)); };
    std::vector<bool> struck(scores.size());
    Indices kept;
    for (std::size_t i = 0; i < order.size() && kept.size() < p.max_output; ++i) {
        const std::int64_t a = order[i];
        if (struck[static_cast<std::size_t>(a)]) continue;
        kept.push_back(a);
        for (std::size_t j = i + 1; j < order.size(); ++j) {
            const std::int64_t b = order[j];
            const float width =
                std::max(0.F, std::min(corner(a, 2), corner(b, 2)) - std::max(corner(a, 0), corner(b, 0)));
            const float height =
                std::max(0.F, std::min(corner(a, 3), corner(b, 3)) - std::max(corner(a, 1), corner(b, 1)));
            const float shared = width * height;
            if (shared / (area(a) + area(b) - shared) > p.iou_threshold) struck[static_cast<std::size_t>(b)] = true;
        }
    }
    return kept;
}

} // namespace detect::test
