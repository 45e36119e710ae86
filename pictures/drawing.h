// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "detect/error.h"
#include "pictures/picture.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace detect {

/// Red, green, blue.
using Colour = std::array<std::uint8_t, 3>;

/// The colour of a class: always the same for a label. The first seven are those of Okabe and Ito (2008), which people
/// with any kind of colour blindness can tell apart; further ones are spread over the hues at two lightnesses.
[[nodiscard]] Colour class_colour(int label);

/// Line width of boxes and height of capital letters, in pixels, for a picture of this size. Both grow with the longer
/// side, so that a picture fitted to a screen always looks the same.
struct DrawingStyle {
    int line_width = 1;
    int letter_height = 7;
};
[[nodiscard]] DrawingStyle drawing_style(int width, int height);

/// What a label says in the picture: its name in plain ASCII. The stroke font has no other letters, so Latin letters
/// lose their accents ("Lötfehler" becomes "Lotfehler"); a name in another script is drawn as "class 7".
[[nodiscard]] std::string drawable_label(int label, std::span<const std::string> names);

/// Pixels to draw on, owned by somebody else: rgb8 or bgr8.
struct Canvas {
    void* pixels = nullptr;
    int width = 0;
    int height = 0;
    std::size_t stride_bytes = 0;
    PixelFormat format = PixelFormat::rgb8;
};

/// Draws each box in the colour of its class, with a plate saying label and score beside it. Plates stay inside the
/// picture, and where there is room they avoid one another and other boxes. The highest score is drawn on top.
/// Where it is crowded or narrow, letters become smaller or the score is left out; where even that does not fit, only
/// the box is drawn.
/// Boxes are in pixels of this picture; `names` are those of labels 1, 2, …
/// Fails with `invalid_argument` if the canvas is neither rgb8 nor bgr8 or not sound.
Result<void> draw_detections(const Canvas& canvas, std::span<const Detection> detections,
                             std::span<const std::string> names);

/// The same on a picture of our own, which must be rgb8 or bgr8 (see `to_rgb8`).
Result<void> draw_detections(Picture& picture, std::span<const Detection> detections,
                             std::span<const std::string> names);

} // namespace detect
