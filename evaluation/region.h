// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"
#include "pictures/pixel_rect.h"

#include <span>
#include <vector>

/// Evaluation of a part of every picture: what counts is decided by the centre of a box, as `detect run --roi`
/// decides it.
namespace detect::evaluation {

struct RegionCut {
    /// Objects with their centre in no region, which were left out.
    std::size_t objects_outside = 0;
    /// Objects that cross the border of the regions, whichever side their centre is on.
    std::size_t objects_across = 0;
};

/// Leaves out the objects whose centre lies in none of these regions (pixels of the upright picture). Crowds stay: they
/// are never to be found, and what is found in them is no false alarm wherever their centre is.
RegionCut restrict_to(std::span<const PixelRect> regions, Dataset& dataset);

/// The same of detections; how many were left out.
std::size_t restrict_to(std::span<const PixelRect> regions, std::vector<DetectedBox>& detections);

} // namespace detect::evaluation
