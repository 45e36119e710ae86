// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "detect/image.h"

namespace detect {

/// What a picture's values look like, for telling a useful picture from an empty one. Scaled as the network sees them:
/// 8-bit / 255, 16-bit / (2^bits - 1), floats as they are.
struct PictureStatistics {
    double min = 0.0;
    double max = 0.0;
    double mean = 0.0;
    double standard_deviation = 0.0;

    /// True if there is nothing to see: no two values differ by more than one step of an 8-bit picture.
    [[nodiscard]] bool is_flat() const { return max - min <= 1.0 / 255.0; }
};

/// Statistics over the red, green and blue values of all pixels (alpha left out).
/// Fails with `invalid_argument` if the view is not sound.
Result<PictureStatistics> measure(const ImageView& picture);

} // namespace detect
