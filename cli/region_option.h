// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "pictures/pixel_rect.h"

#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

/// `--roi`: which part of a picture counts.
namespace detect::cli {

/// Declares it in this group of the help page; `what` is what it keeps.
void add_region_option(CLI::App& command, std::vector<std::string>& regions, const std::string& what,
                       const std::string& group);

/// `invalid_argument` if one is not four whole numbers with a size.
[[nodiscard]] Result<std::vector<PixelRect>> read_regions(std::span<const std::string> texts);

} // namespace detect::cli
