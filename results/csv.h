// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/collected_format.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// A row per detection, written when its picture is done.
extern const CollectedFormat csv_format;

/// Comma-separated values (RFC 4180, lines end with a line feed), a row per detection:
/// `csv_version,file,frame,width,height,label,label_id,score,x1,y1,x2,y2`.
/// `csv_version` is 1 and grows when columns change their meaning. `frame` is empty for pictures. Boxes are corners in
/// pixels of the upright picture. A picture without detections has one row in which `label` and all behind it are
/// empty.
inline constexpr std::string_view csv_header = "csv_version,file,frame,width,height,label,label_id,score,x1,y1,x2,y2\n";

/// The rows of one picture, each line ended. Numbers are the shortest that read back to the same float32.
[[nodiscard]] std::string to_csv_rows(const PictureResult& result, std::span<const std::string> names);

/// Reads a header and its rows back. What stands behind the last line break was cut off and is left out.
/// `unreadable_input` if it is something else.
[[nodiscard]] Result<std::vector<PictureResult>> parse_csv(std::string_view text);

} // namespace detect
