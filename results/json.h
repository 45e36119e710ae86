// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/picture_result.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Detections as text, for programs (JSON) and for people (a table).
namespace detect {

/// `{"images":[{"file":…,"width":…,"height":…,"detections":[{"label":…,"label_id":…,"score":…,"box":[x1,y1,x2,y2]}]}]}`
/// with a line break at the end. A frame of a video also has `"frame":…` behind its file. Boxes are corners in pixels
/// of the upright picture. Numbers are the shortest that read back to the same float32. Bytes that are not UTF-8 become
/// U+FFFD.
[[nodiscard]] std::string to_json(std::span<const PictureResult> results, std::span<const std::string> names);

/// One element of "images" on a line of its own (JSON Lines).
[[nodiscard]] std::string to_json_line(const PictureResult& result, std::span<const std::string> names);

/// Reads `to_json`'s document back. `unreadable_input` if it is something else.
[[nodiscard]] Result<std::vector<PictureResult>> parse_json(std::string_view text);

/// Reads lines of `to_json_line` back. A last line that was cut off is left out; `unreadable_input` if any other is
/// something else.
[[nodiscard]] Result<std::vector<PictureResult>> parse_json_lines(std::string_view text);

/// One line per detection under a line of headings, columns aligned, each line ended; "no detections" if there are
/// none.
[[nodiscard]] std::string to_table(std::span<const Detection> detections, std::span<const std::string> names);

} // namespace detect
