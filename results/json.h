// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/collected_format.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// One JSON object, written at the end.
extern const CollectedFormat json_format;

/// `{"schema_version":2,"images":[…]}` with a record for each picture (see record_json.h) and a line break at the end.
[[nodiscard]] std::string to_json(std::span<const PictureResult> results, std::span<const std::string> names);

/// Reads `to_json`'s document back. `unreadable_input` if it is something else.
[[nodiscard]] Result<std::vector<PictureResult>> parse_json(std::string_view text);

} // namespace detect
