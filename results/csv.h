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

/// Comma-separated values (RFC 4180, lines end with a line feed), a row per detection, which is one line. Texts are
/// cells as csv_cell (base/escape.h) writes them: no formula for a spreadsheet, nothing that steers a terminal.
/// `csv_version` is 2 and grows when columns change their meaning. `frame` is empty for pictures, `page` but for files
/// with several. Boxes are corners in pixels of the upright picture. A picture without detections has one row in which
/// `label` to `y2` are empty; if `error` is not, it was not judged. `warnings` says why the detections are doubtful:
/// "code: sentence", joined by " | "; `error` has the same form. `min_score` is the least score of the row's class.
inline constexpr std::string_view csv_header =
    "csv_version,file,page,frame,width,height,label,label_id,score,x1,y1,x2,y2,error,warnings,drawn,time,sha256,"
    "min_score,model,model_sha256\n";

/// The rows of one picture, each line ended. Numbers are the shortest that read back to the same float32.
[[nodiscard]] std::string to_csv_rows(const PictureResult& result, std::span<const std::string> names);

/// Reads a header and its rows back. What stands behind the last line break was cut off and is left out.
/// `unreadable_input` if it is something else.
[[nodiscard]] Result<std::vector<PictureResult>> parse_csv(std::string_view text);

} // namespace detect
