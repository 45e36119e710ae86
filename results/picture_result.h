// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"

#include <cstdint>
#include <optional>
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

} // namespace detect
