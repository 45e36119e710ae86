// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/collected_format.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// JSON Lines: a record on a line of its own when its picture is done.
extern const CollectedFormat jsonl_format;

/// A record (see record_json.h) and the end of its line.
[[nodiscard]] std::string to_json_line(const PictureResult& result, std::span<const std::string> names);

/// Reads lines of `to_json_line` back. A last line that was cut off is left out; `unreadable_input` if any other is
/// something else.
[[nodiscard]] Result<std::vector<PictureResult>> parse_json_lines(std::string_view text);

} // namespace detect
