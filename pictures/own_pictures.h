// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <filesystem>
#include <string_view>

/// Pictures and videos that we made carry a mark, so that nobody takes them for something to look at.
namespace detect {

/// Stands in a PNG's text, a JPEG's comment, and behind the last frame of a video.
inline constexpr std::string_view own_mark = "made by detect (boxes drawn, or cut out)";

/// Whether a file carries it. False for what cannot be read.
[[nodiscard]] bool is_ours(const std::filesystem::path& file);

/// Adds it to a complete video: as a box, a chunk or an element that players skip. .mp4, .avi and .mkv have a place for
/// that; others are left as they are. `unwritable_output` if it cannot be written.
Result<void> mark_video(const std::filesystem::path& file);

} // namespace detect
