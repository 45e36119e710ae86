// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/label_places.h"
#include "pictures/raster.h"

#include <memory>
#include <string_view>

namespace detect {

/// A line of text on a ground of its own.
struct Plate {
    std::shared_ptr<const TextBitmap> text;
    /// Of the ground around the text, in pixels.
    int padding = 0;
    PlateSize size;
};

[[nodiscard]] inline Plate make_plate(const TextRenderer& renderer, std::string_view text, int font_size) {
    auto bitmap = std::make_shared<const TextBitmap>(renderer.render(text, font_size));
    const int padding = std::max(1, (font_size - 1) / 4);
    const int rim = std::max(1, font_size / 7);
    const PlateSize size{bitmap->width + 2 * padding, bitmap->height() + 2 * rim};
    return {std::move(bitmap), padding, size};
}

/// Draws it with its upper left corner at x, y, in whichever of black and white is easier to read.
inline void draw_plate(Raster& raster, const Plate& plate, int x, int y, const Colour& ground) {
    raster.fill({x, y, plate.size.width, plate.size.height}, ground);
    const int rim = (plate.size.height - plate.text->height()) / 2;
    raster.write(*plate.text, x + plate.padding, y + rim, plate.text->width, text_colour(ground));
}

} // namespace detect
