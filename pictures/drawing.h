// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "detect/error.h"
#include "pictures/drawing_style.h"
#include "pictures/picture.h"
#include "pictures/pixel_rect.h"
#include "pictures/text_renderer.h"

#include <span>
#include <string>

namespace detect {

/// A picture with what was found in it.
struct DrawnPicture {
    Picture picture;
    /// Where in it the picture is that was drawn on: what lies outside is a legend.
    PixelRect place;
    /// What has been done: a legend also where it was too crowded for labels at the boxes, none where no font is.
    LabelsOn labels_on = LabelsOn::none;
    /// The legend names classes and says how many there are of each; false: it lists the detections one by one.
    bool lists_classes = false;
};

/// Draws a frame around each box in the colour of its class, and says label and score on plates at the boxes
/// (`place_labels`). The highest score is drawn on top.
///
/// Where more than two labels, and more than a fifth of them, would have to stand away from their boxes, or one has no
/// place at all, each box gets its number (from 1, in the order of `detections`), and a legend beside the picture lists
/// them. If the legend would be larger than the picture, it lists the classes and how many there are of each, at most
/// 100 of them. A picture that keeps its size has no legend: then labels stand where they hide least.
///
/// Boxes are in pixels of `picture`, which is rgb8 (`to_rgb8`); `names` are those of labels 1, 2, … What is in them is
/// drawn as it is, but for characters that steer text, which become blanks; more than 120 letters are cut. `renderer`
/// null: no text is drawn.
/// Fails with `invalid_argument` if the picture is not rgb8 or not sound.
[[nodiscard]] Result<DrawnPicture> draw_detections(Picture picture, std::span<const Detection> detections,
                                                   std::span<const std::string> names, const TextRenderer* renderer,
                                                   const DrawingOptions& options = {});

} // namespace detect
