// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"

#include <optional>
#include <span>
#include <vector>

namespace detect::evaluation {

/// What is there and what was found of one category in one image.
struct Case {
    std::size_t image = 0;
    /// Positions in Dataset::annotations, in their order.
    std::vector<std::size_t> objects;
    /// Positions in the list of detections: best score first, equal scores in the order of the list.
    std::vector<std::size_t> detections;
    /// IoU of every detection (row) with every object (column).
    std::vector<double> overlaps;
};

/// A dataset with what was found in it, sorted into cases: the common ground of all figures. Refers to both, which must
/// outlive it.
class Findings {
public:
    Findings(const Dataset& dataset, std::span<const DetectedBox> detections);

    [[nodiscard]] const Dataset& dataset() const { return *dataset_; }
    [[nodiscard]] std::span<const DetectedBox> detections() const { return detections_; }
    [[nodiscard]] std::size_t category_count() const { return cases_.size(); }
    /// The images in which there is or was found something of this category, by ascending id.
    [[nodiscard]] const std::vector<Case>& cases(std::size_t category) const { return cases_[category]; }

private:
    const Dataset* dataset_;
    std::span<const DetectedBox> detections_;
    std::vector<std::vector<Case>> cases_;
};

/// Square pixels; an object or an unmatched detection outside, bounds excluded, is ignored. The upper bound is COCO's.
struct AreaRange {
    double low = 0.0;
    double high = 1e10;
};

/// Who found what in a case.
struct Matching {
    /// For each detection the position in `Case::objects` of what it found.
    std::vector<std::optional<std::size_t>> object_of;
    /// Detections that are neither right nor wrong.
    std::vector<bool> ignored;
    /// For each object, whether it need not be found.
    std::vector<bool> object_ignored;
};

/// Pairs detections with objects as COCO does: the best score first, each with the object not yet taken that it
/// overlaps most and with at least `min_iou`; with ignored objects only where no other fits. A crowd may be taken many
/// times.
[[nodiscard]] Matching match(const Findings& findings, const Case& one, double min_iou, const AreaRange& range = {});

} // namespace detect::evaluation
