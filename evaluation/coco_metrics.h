// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/matching.h"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace detect::evaluation {

/// The most detections of a category in an image that its figures look at.
inline constexpr std::size_t coco_most_detections = 100;
/// How many IoU AP is averaged over, and each of them: .50, .55 … .95.
inline constexpr std::size_t coco_iou_count = 10;
[[nodiscard]] double coco_iou(std::size_t index);

/// The figures of COCO's detection challenge, as pycocotools' COCOeval computes them for boxes: AP over IoU .50 to .95
/// and 101 recalls, at most 100 detections of a category in an image. Where no object is concerned, there is no figure
/// (pycocotools says -1).
struct CocoMetrics {
    using Figure = std::optional<double>;

    Figure ap;
    Figure ap50;
    Figure ap75;
    /// Of objects below 32², up to 96², and above.
    Figure ap_small;
    Figure ap_medium;
    Figure ap_large;
    /// Average recall with at most 1, 10 and 100 detections of a category in an image.
    Figure ar1;
    Figure ar10;
    Figure ar100;
    Figure ar_small;
    Figure ar_medium;
    Figure ar_large;

    /// By position in Dataset::categories: over all IoU, at .50, at .75.
    struct Category {
        Figure ap;
        Figure ap50;
        Figure ap75;
    };
    std::vector<Category> categories;
};

struct NamedFigure {
    std::string_view name;
    CocoMetrics::Figure value;
};

/// The twelve under their usual names (AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl), in the order in
/// which pycocotools prints them.
[[nodiscard]] std::array<NamedFigure, 12> named_figures(const CocoMetrics& metrics);

[[nodiscard]] CocoMetrics coco_metrics(const Findings& findings);

} // namespace detect::evaluation
