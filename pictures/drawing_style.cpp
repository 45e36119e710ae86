// SPDX-License-Identifier: Apache-2.0
#include "pictures/drawing_style.h"

#include <algorithm>
#include <cmath>

namespace detect {

namespace {

constexpr double screen_pixels = 1600.0;
/// The em of text, in pixels of the screen: as it reads well; as small as still reads well where the picture is seen
/// enlarged; where it is crowded; and for a number, which is a few plain signs.
constexpr double good_font = 14.0;
constexpr double small_font = 16.0;
constexpr double crowded_font = 12.0;
constexpr double number_font = 9.0;
constexpr int smallest_font = 10;
/// In a picture of a few pixels, letters of that size would be most of it.
constexpr double largest_share_of_side = 1.0 / 14.0;

int rounded(double value) { return static_cast<int>(std::lround(value)); }

/// The side of a square of the same area.
double side_of(const PixelRect& box) { return std::sqrt(double(box.width) * double(box.height)); }

} // namespace

DrawingStyle::DrawingStyle(int width, int height, const DrawingOptions& options) {
    const double longer = std::max(width, height);
    const double seen = std::max(1.0, longer / screen_pixels); // pixels of the picture in one of the screen
    seen_line_ = longer < 320.0 ? 1 : rounded(3.0 * seen);
    least_line_ = rounded(seen);
    const double most = std::max<double>(smallest_font, longer * largest_share_of_side);
    seen_font_ = rounded(std::min(good_font * seen, most));
    const double halfway = std::sqrt(seen);
    least_font_ = std::min(seen_font_, rounded(small_font * halfway));
    crowded_font_ = std::min(seen_font_, rounded(crowded_font * halfway));
    number_font_ = std::min(seen_font_, rounded(number_font * halfway));
    if (options.line_width > 0) least_line_ = seen_line_ = options.line_width;
    if (options.font_size > 0) number_font_ = crowded_font_ = least_font_ = seen_font_ = options.font_size;
}

int DrawingStyle::line_width(const PixelRect& box) const {
    constexpr double share = 1.0 / 16.0;
    return std::clamp(rounded(side_of(box) * share), least_line_, std::max(least_line_, seen_line_));
}

int DrawingStyle::font_size(const PixelRect& box) const {
    constexpr double share = 0.6;
    return std::clamp(rounded(side_of(box) * share), least_font_, seen_font_);
}

} // namespace detect
