// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"

#include <span>
#include <string>

namespace detect {

/// Whole pixels: columns x to x + width - 1, rows y to y + height - 1.
struct PixelRect {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;

    friend bool operator==(const PixelRect&, const PixelRect&) = default;
};

/// "X,Y,WIDTH,HEIGHT"
[[nodiscard]] std::string to_text(const PixelRect& rect);

/// The pixels that a box covers in a picture of this size, at least one: corners are rounded to pixel borders.
[[nodiscard]] PixelRect covered_pixels(const Box& box, int picture_width, int picture_height);

/// Whether the box's centre lies in one of these: pixel 0 reaches from 0 to 1, and the far border is outside.
[[nodiscard]] bool has_centre_in(std::span<const PixelRect> rects, const Box& box);

} // namespace detect
