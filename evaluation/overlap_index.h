// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace detect::evaluation {

/// Boxes by their left edge, so that what may overlap another box is found without a look at all of them.
class OverlapIndex {
public:
    explicit OverlapIndex(std::vector<CocoBox> boxes) : boxes_(std::move(boxes)), order_(boxes_.size()) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::stable_sort(order_, {}, [&](std::size_t box) { return boxes_[box].x; });
        double farthest = -std::numeric_limits<double>::infinity();
        for (const std::size_t box : order_) {
            lefts_.push_back(boxes_[box].x);
            farthest = std::max(farthest, boxes_[box].width + boxes_[box].x);
            rights_.push_back(farthest);
        }
    }

    /// Calls `visit` with the position of each box that shares columns with this one, and of some others, in no order
    /// to rely on. Every box that `overlap` gives more than 0 with is among them.
    template <class Visit>
    void for_each_candidate(const CocoBox& box, Visit visit) const {
        const auto first = std::ranges::upper_bound(rights_, box.x) - rights_.begin();
        const auto last = std::ranges::lower_bound(lefts_, box.width + box.x) - lefts_.begin();
        for (auto at = first; at < last; ++at) visit(order_[static_cast<std::size_t>(at)]);
    }

private:
    std::vector<CocoBox> boxes_;
    std::vector<std::size_t> order_;
    /// Of the boxes in that order; and how far to the right any box up to there reaches.
    std::vector<double> lefts_;
    std::vector<double> rights_;
};

} // namespace detect::evaluation
