// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/report/report.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace detect::evaluation::html {

/// A piece of a picture as a small JPEG file. Position and size are in pixels of the picture; the file may have fewer.
struct Crop {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    std::vector<std::byte> jpeg;
};

/// The box with its surroundings: three times its size, at least 96 pixels wide where the picture is, and square where
/// it fits. Without a box the whole picture.
[[nodiscard]] Result<Crop> cut_out(const PictureReader& reader, const std::string& file,
                                   const std::optional<CocoBox>& box);

} // namespace detect::evaluation::html
