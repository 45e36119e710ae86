// SPDX-License-Identifier: Apache-2.0
#include "results/detection_filter.h"

#include <algorithm>

namespace detect {

namespace {

struct Point {
    float x = 0.0F;
    float y = 0.0F;
};

Point centre(const Box& box) { return {(box.x1 + box.x2) / 2.0F, (box.y1 + box.y2) / 2.0F}; }

bool is_marked(const Picture& mask, Point point) {
    const int x = std::clamp(static_cast<int>(point.x), 0, mask.width - 1);
    const int y = std::clamp(static_cast<int>(point.y), 0, mask.height - 1);
    const auto index = static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width) + static_cast<std::size_t>(x);
    return mask.pixels[index] != std::byte{0};
}

} // namespace

Result<void> apply(const DetectionFilter& filter, int width, int height, std::vector<Detection>& detections) {
    if (filter.mask && (filter.mask->width != width || filter.mask->height != height)) {
        const auto size = [](int w, int h) { return std::to_string(w) + "x" + std::to_string(h); };
        return Error{ErrorCode::invalid_argument, "the mask is " + size(filter.mask->width, filter.mask->height) +
                                                      " pixels, the picture " + size(width, height) +
                                                      "; they must be of one size"};
    }
    std::erase_if(detections, [&](const Detection& detection) {
        const bool wanted =
            filter.labels.empty() || std::ranges::find(filter.labels, detection.label) != filter.labels.end();
        const bool inside = filter.regions.empty() || has_centre_in(filter.regions, detection.box);
        return !wanted || !inside || (filter.mask && !is_marked(*filter.mask, centre(detection.box)));
    });
    if (filter.max_detections > 0 && detections.size() > filter.max_detections)
        detections.resize(filter.max_detections);
    return {};
}

} // namespace detect
