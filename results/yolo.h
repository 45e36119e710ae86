// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_format.h"

namespace detect {

/// YOLO's label files, and classes.txt beside them: the name of each class number on a line of its own.
extern const PictureFormat yolo_format;

/// A line per detection, `class x y width height score`. The class is counted from 0 (label - 1); x and y are the box's
/// centre, width and height its size, all as shares of the picture's (0 to 1). Empty without detections.
[[nodiscard]] std::string to_yolo(const PictureResult& result);

} // namespace detect
