// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_result.h"

#include <span>
#include <string>

/// A label file per picture, as annotation tools and training scripts read them.
namespace detect {

/// YOLO: a line per detection, `class x y width height score`. The class is counted from 0 (label - 1); x and y are the
/// box's centre, width and height its size, all as shares of the picture's (0 to 1). Empty without detections.
[[nodiscard]] std::string to_yolo(const PictureResult& result);

/// Pascal VOC: an XML document. Corners are numbers of whole pixels counted from 1, the last included, as VOC defines
/// them. `depth`: channels of the picture. Each object also has its `score`.
[[nodiscard]] std::string to_voc(const PictureResult& result, std::span<const std::string> names, int depth);

} // namespace detect
