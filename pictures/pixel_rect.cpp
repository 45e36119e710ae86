// SPDX-License-Identifier: Apache-2.0
#include "pictures/pixel_rect.h"

#include <algorithm>
#include <cmath>

namespace detect {

std::string to_text(const PixelRect& rect) {
    return std::to_string(rect.x) + "," + std::to_string(rect.y) + "," + std::to_string(rect.width) + "," +
           std::to_string(rect.height);
}

PixelRect covered_pixels(const Box& box, int picture_width, int picture_height) {
    const auto clamped = [](float value, int last) {
        if (!(value > 0.0F)) return 0; // also NaN
        return value >= static_cast<float>(last) ? last : static_cast<int>(std::lround(value));
    };
    const int left = clamped(box.x1, picture_width - 1);
    const int top = clamped(box.y1, picture_height - 1);
    const int right = std::max(left, clamped(box.x2 - 1.0F, picture_width - 1));
    const int bottom = std::max(top, clamped(box.y2 - 1.0F, picture_height - 1));
    return {left, top, right - left + 1, bottom - top + 1};
}

bool has_centre_in(std::span<const PixelRect> rects, const Box& box) {
    const auto within = [](float value, int begin, int length) {
        return value >= static_cast<float>(begin) && value < static_cast<float>(begin) + static_cast<float>(length);
    };
    const float x = (box.x1 + box.x2) / 2.0F;
    const float y = (box.y1 + box.y2) / 2.0F;
    return std::ranges::any_of(
        rects, [&](const PixelRect& rect) { return within(x, rect.x, rect.width) && within(y, rect.y, rect.height); });
}

} // namespace detect
