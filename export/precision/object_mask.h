// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "graph/tensor.h"

#include <span>
#include <vector>

namespace detect {

/// The numbers of a map [1, h, w, channels] that lie in the boxes of detections, given in pixels of a picture
/// [1, 3, height, width]; all of them if there are no detections, or if it is no map of more than one pixel. The map is
/// taken to cover the picture: padding shifts a box by less than a cell of the coarsest map, and boxes are widened by
/// a cell.
[[nodiscard]] std::vector<float> where_objects_are(const Tensor& map, const Dims& picture,
                                                   std::span<const Detection> detections);

} // namespace detect
