// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/matching.h"

#include <vector>

namespace detect::evaluation {

/// What was taken for what. Rows are what is there, columns what was reported, both in the order of categories with the
/// background last: its column counts misses, its row false alarms.
class ConfusionMatrix {
public:
    explicit ConfusionMatrix(std::size_t categories) : size_(categories + 1), counts_(size_ * size_) {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t background() const { return size_ - 1; }
    [[nodiscard]] std::size_t at(std::size_t truth, std::size_t reported) const {
        return counts_[truth * size_ + reported];
    }
    void add(std::size_t truth, std::size_t reported) { ++counts_[truth * size_ + reported]; }

private:
    std::size_t size_;
    std::vector<std::size_t> counts_;
};

/// Of detections of at least `min_score`. First each finds an object of its own category as in `match`, so the diagonal
/// is what precision and recall count. Of what remains, detections and objects of different categories are paired,
/// those that overlap most first, from `min_iou` on. Crowds, and what was found in them, are left out.
[[nodiscard]] ConfusionMatrix confusion_matrix(const Findings& findings, double min_iou, double min_score);

} // namespace detect::evaluation
