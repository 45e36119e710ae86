// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"

#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace detect::evaluation {

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// How much a detection overlaps an object.
struct Overlap {
    /// Position in `Case::objects`.
    std::size_t object = 0;
    double iou = 0.0;
};

/// What is there and what was found of one category in one image.
struct Case {
    std::size_t image = 0;
    /// Positions in Dataset::annotations, in their order.
    std::vector<std::size_t> objects;
    /// Positions in the list of detections: best score first, equal scores in the order of the list.
    std::vector<std::size_t> detections;
    /// Of each detection in turn the objects that it overlaps at all, in their order.
    std::vector<Overlap> overlaps;
    /// Where those of each detection end in that list.
    std::vector<std::size_t> ends;

    /// What this detection overlaps, by its position in `detections`.
    [[nodiscard]] std::span<const Overlap> overlaps_of(std::size_t detection) const {
        const std::size_t begin = detection == 0 ? 0 : ends[detection - 1];
        return std::span(overlaps).subspan(begin, ends[detection] - begin);
    }
};

/// How much is looked at. Real data sets come nowhere near; who makes up a file may ask for more than any memory.
struct FindingsLimits {
    /// Of a detection and an object that overlap, in one picture, of whatever categories.
    std::size_t pairs_in_picture = std::size_t{1} << 24U;
    /// Of the same category, in all pictures.
    std::size_t pairs = std::size_t{1} << 26U;
    /// Boxes compared.
    std::size_t comparisons = std::size_t{1} << 32U;
};

/// A dataset with what was found in it, sorted into cases: the common ground of all figures. Refers to both, which must
/// outlive it.
class Findings {
public:
    Findings(const Dataset& dataset, std::span<const DetectedBox> detections, const FindingsLimits& limits = {});

    /// `resource_limit` if there was more to compare than the limits allow: the figures would then be wrong.
    [[nodiscard]] Result<void> check() const;

    [[nodiscard]] const Dataset& dataset() const { return *dataset_; }
    [[nodiscard]] std::span<const DetectedBox> detections() const { return detections_; }
    [[nodiscard]] std::size_t category_count() const { return cases_.size(); }
    /// The images in which there is or was found something of this category, by ascending id.
    [[nodiscard]] const std::vector<Case>& cases(std::size_t category) const { return cases_[category]; }

private:
    const Dataset* dataset_;
    std::span<const DetectedBox> detections_;
    std::vector<std::vector<Case>> cases_;
    std::optional<Error> error_;
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
/// overlaps most and with at least `min_iou`, which is more than 0; with ignored objects only where no other fits. A
/// crowd may be taken many times. Only the best `limit` detections are looked at.
[[nodiscard]] Matching match(const Findings& findings, const Case& one, double min_iou, const AreaRange& range = {},
                             std::size_t limit = no_limit);

} // namespace detect::evaluation
