// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/errors.h"

#include <map>
#include <utility>
#include <vector>

namespace detect::evaluation {

/// What was taken for what. Rows are what is there, columns what was reported, both in the order of categories with the
/// background last: its column counts misses, its row false alarms.
class ConfusionMatrix {
public:
    explicit ConfusionMatrix(std::size_t categories) : size_(categories + 1), of_truth_(size_), of_reported_(size_) {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t background() const { return size_ - 1; }
    [[nodiscard]] std::size_t at(std::size_t truth, std::size_t reported) const {
        const auto found = counts_.find({truth, reported});
        return found == counts_.end() ? 0 : found->second;
    }
    /// Of a row, and of a column.
    [[nodiscard]] std::size_t of_truth(std::size_t truth) const { return of_truth_[truth]; }
    [[nodiscard]] std::size_t of_reported(std::size_t reported) const { return of_reported_[reported]; }
    /// Row and column of what is not 0, row by row.
    [[nodiscard]] const std::map<std::pair<std::size_t, std::size_t>, std::size_t>& counts() const { return counts_; }
    void add(std::size_t truth, std::size_t reported) {
        ++counts_[{truth, reported}];
        ++of_truth_[truth];
        ++of_reported_[reported];
    }

private:
    std::size_t size_;
    /// Thousands of categories would make far more zeros than there are boxes.
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> counts_;
    std::vector<std::size_t> of_truth_;
    std::vector<std::size_t> of_reported_;
};

/// Of detections of at least `min_score`. First each finds an object of its own category as in `match`, so the diagonal
/// is what precision and recall count. Of what remains, detections and objects of different categories are paired,
/// those that overlap most first, from `min_iou` on. Crowds, and what was found in them, are left out.
[[nodiscard]] ConfusionMatrix confusion_matrix(const Findings& findings, double min_iou, double min_score);
/// The same of the errors that `find_errors` found.
[[nodiscard]] ConfusionMatrix confusion_matrix(const Findings& findings, const Errors& errors);

} // namespace detect::evaluation
