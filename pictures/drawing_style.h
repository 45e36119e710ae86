// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/pixel_rect.h"

namespace detect {

/// Where it is said what a box shows.
enum class LabelsOn {
    /// On a plate at the box; see `draw_detections` for what happens where it is crowded.
    box,
    /// A number at each box, and a list of the numbers beside the picture.
    legend,
    /// Nowhere.
    none,
};

/// In pixels of the picture; 0: by the picture and the box.
struct DrawingOptions {
    LabelsOn labels_on = LabelsOn::box;
    int line_width = 0;
    int font_size = 0;
    /// The frames of a video all have one size: there is no place for a legend.
    bool keeps_size = false;
};

/// Sizes of what is drawn, in pixels of the picture. A picture is taken to be seen whole on a screen of 1600 pixels, or
/// pixel by pixel if it has no more. Seen so, letters have an em of 14 pixels and lines a width of 3, where boxes are
/// large. At a small box in a large picture both become smaller, in proportion to it, so that a label is not much
/// larger than what it is about: letters as far as they can be read halfway between the whole picture and single
/// pixels, and lines as far as a pixel of the screen.
class DrawingStyle {
public:
    DrawingStyle(int width, int height, const DrawingOptions& options);

    /// Of a box that covers these pixels.
    [[nodiscard]] int line_width(const PixelRect& box) const;
    [[nodiscard]] int font_size(const PixelRect& box) const;
    /// Of labels and of the legend where it is crowded.
    [[nodiscard]] int smallest_font_size() const { return crowded_font_; }
    /// Of numbers where it is crowded.
    [[nodiscard]] int smallest_number_size() const { return number_font_; }
    /// Of the legend, where it has room.
    [[nodiscard]] int legend_font_size() const { return seen_font_; }

private:
    int least_line_;
    int seen_line_;
    int least_font_;
    int crowded_font_;
    int number_font_;
    int seen_font_;
};

} // namespace detect
