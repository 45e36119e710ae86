#pragma once

#include "detect/detection.h"

#include <span>
#include <string>
#include <vector>

/// Detections as text, for programs (JSON) and for people (a table).
namespace detect {

/// What was found in one picture file. Width and height are those of the upright picture, the frame of the boxes.
struct PictureResult {
    std::string file;
    int width = 0;
    int height = 0;
    std::vector<Detection> detections;
};

/// The name of a class. `names` holds those of labels 1, 2, …; the background (0) has none. A label without a name, or
/// with an empty one, is called "class 7".
[[nodiscard]] std::string label_name(int label, std::span<const std::string> names);

/// `{"images":[{"file":…,"width":…,"height":…,"detections":[{"label":…,"label_id":…,"score":…,"box":[x1,y1,x2,y2]}]}]}`
/// with a line break at the end. Numbers are the shortest that read back to the same float32. Bytes that are not UTF-8
/// become U+FFFD.
[[nodiscard]] std::string to_json(std::span<const PictureResult> results, std::span<const std::string> names);

/// One line per detection under a line of headings, columns aligned, each line ended; "no detections" if there are
/// none.
[[nodiscard]] std::string to_table(std::span<const Detection> detections, std::span<const std::string> names);

} // namespace detect
