// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// The 90 COCO category names as torchvision numbers them (ids with gaps, "N/A" in the gaps).
[[nodiscard]] std::vector<std::string> coco_labels();

/// Class names from a text file, one a line; empty lines at the end are ignored. `unreadable_input` naming the file if
/// it is missing, has no names or is no text in UTF-8; with the line and byte where it is not.
[[nodiscard]] Result<std::vector<std::string>> read_labels(const std::string& path);

/// The same of a file's text; `path` names it in errors.
[[nodiscard]] Result<std::vector<std::string>> parse_labels(std::string_view text, const std::string& path);

} // namespace detect
