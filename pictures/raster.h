// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/class_colours.h"
#include "pictures/picture.h"
#include "pictures/pixel_rect.h"
#include "pictures/text_renderer.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace detect {

/// Draws on an rgb8 picture, which it refers to. What lies outside of it is left out.
class Raster {
public:
    explicit Raster(Picture& picture) : picture_(picture) {}

    void fill(const PixelRect& rect, const Colour& colour) {
        const int left = std::max(rect.x, 0);
        const int top = std::max(rect.y, 0);
        const int right = std::min(rect.x + rect.width, picture_.width);
        const int below = std::min(rect.y + rect.height, picture_.height);
        if (left >= right || top >= below) return;
        for (int x = left; x < right; ++x) {
            for (std::size_t i = 0; i < 3; ++i) *(pixel(x, top) + i) = std::byte{colour[i]};
        }
        const std::size_t bytes = 3 * static_cast<std::size_t>(right - left);
        for (int y = top + 1; y < below; ++y) std::memcpy(pixel(left, y), pixel(left, top), bytes);
    }

    /// The text's upper left corner at x, y; its columns beyond `width` are left out.
    void write(const TextBitmap& text, int x, int y, int width, const Colour& colour) {
        const int columns = std::min(text.width, width);
        for (int row = std::max(0, -y); row < std::min(text.height(), picture_.height - y); ++row) {
            for (int column = std::max(0, -x); column < std::min(columns, picture_.width - x); ++column) {
                const std::size_t at = static_cast<std::size_t>(row) * static_cast<std::size_t>(text.width) +
                                       static_cast<std::size_t>(column);
                if (text.coverage[at] > 0) blend(pixel(x + column, y + row), colour, text.coverage[at]);
            }
        }
    }

private:
    std::byte* pixel(int x, int y) {
        return picture_.pixels.data() + 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture_.width) +
                                             static_cast<std::size_t>(x));
    }

    static void blend(std::byte* pixel, const Colour& colour, unsigned share) {
        for (std::size_t i = 0; i < 3; ++i) {
            const unsigned mixed = std::to_integer<unsigned>(pixel[i]) * (255U - share) + colour[i] * share;
            pixel[i] = std::byte{static_cast<unsigned char>((mixed + 127U) / 255U)};
        }
    }

    Picture& picture_;
};

} // namespace detect
