// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "pictures/picture.h"
#include "pictures/pixel_rect.h"
#include "results/picture_result.h"

#include <optional>
#include <vector>

namespace detect {

/// Which detections of a picture count.
struct DetectionFilter {
    /// Only these classes; empty: all.
    std::vector<int> labels = {};
    /// Only where the box's centre lies in one of these; empty: everywhere. Pixels of the upright picture.
    std::vector<PixelRect> regions = {};
    /// grey8, as large as the picture: only where the pixel under the box's centre is not black.
    std::optional<Picture> mask = std::nullopt;
    /// At most this many of those that are left, the best; 0: all.
    std::size_t max_detections = 0;
};

/// Leaves out what does not count. `detections`: best score first, in a picture of this size.
/// `invalid_argument` if the mask has another size.
Result<void> apply(const DetectionFilter& filter, int width, int height, std::vector<Detection>& detections);

} // namespace detect
