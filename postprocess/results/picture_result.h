#pragma once

#include "detect/detection.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// What was found in one picture file or in one frame of a video. Width and height are those of the upright picture,
/// the frame of the boxes.
struct PictureResult {
    /// Its path, as `path_as_text` gives it.
    std::string file;
    int width = 0;
    int height = 0;
    std::vector<Detection> detections = {};
    /// Which frame of the video `file`, from 0; nothing for a picture.
    std::optional<std::int64_t> frame = std::nullopt;
};

/// A path as results name it: UTF-8. Names of files are any bytes; those that are not UTF-8 become \xE9 and so on, so
/// that two names stay two.
[[nodiscard]] std::string path_as_text(std::string_view path);

/// The name of a class. `names` holds those of labels 1, 2, …; the background (0) has none. A label without a name, or
/// with an empty one, is called "class 7".
[[nodiscard]] std::string label_name(int label, std::span<const std::string> names);

/// Whole pixels: columns x to x + width - 1, rows y to y + height - 1.
struct PixelRect {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;

    friend bool operator==(const PixelRect&, const PixelRect&) = default;
};

/// The pixels that a box covers in a picture of this size, at least one: corners are rounded to pixel borders.
[[nodiscard]] PixelRect covered_pixels(const Box& box, int picture_width, int picture_height);

} // namespace detect
