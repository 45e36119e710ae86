// SPDX-License-Identifier: Apache-2.0
#include "evaluation/region.h"

#include <algorithm>

namespace detect::evaluation {

namespace {

Box corners(const CocoBox& box) {
    const auto narrow = [](double value) { return static_cast<float>(value); };
    return {
        .x1 = narrow(box.x), .y1 = narrow(box.y), .x2 = narrow(box.x + box.width), .y2 = narrow(box.y + box.height)};
}

/// It lies partly in one of the regions, and wholly in none.
bool is_across(std::span<const PixelRect> regions, const CocoBox& box) {
    bool partly = false;
    for (const PixelRect& region : regions) {
        const CocoBox area{static_cast<double>(region.x), static_cast<double>(region.y),
                           static_cast<double>(region.width), static_cast<double>(region.height)};
        const bool whole = box.x >= area.x && box.y >= area.y && box.x + box.width <= area.x + area.width &&
                           box.y + box.height <= area.y + area.height;
        if (whole) return false;
        partly = partly || overlap(box, area) > 0.0;
    }
    return partly;
}

} // namespace

RegionCut restrict_to(std::span<const PixelRect> regions, Dataset& dataset) {
    RegionCut cut;
    std::erase_if(dataset.annotations, [&](const Annotation& object) {
        if (object.crowd) return false;
        if (is_across(regions, object.box)) ++cut.objects_across;
        const bool outside = !has_centre_in(regions, corners(object.box));
        if (outside) ++cut.objects_outside;
        return outside;
    });
    return cut;
}

std::size_t restrict_to(std::span<const PixelRect> regions, std::vector<DetectedBox>& detections) {
    return std::erase_if(detections,
                         [&](const DetectedBox& found) { return !has_centre_in(regions, corners(found.box)); });
}

} // namespace detect::evaluation
