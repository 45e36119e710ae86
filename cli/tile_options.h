// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/tiling.h"

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

/// How large pictures are cut: the same wherever a verb runs a model on pictures of a user's.
namespace detect::cli {

struct TileOptions {
    int tile = 0;
    double overlap = TilingOptions().overlap;
    std::string merge = "ios";
};

/// Declares `--tile`, `--overlap` and `--merge` in this group of the help page.
void add_tile_options(CLI::App& command, TileOptions& options, const std::string& group);

/// Nothing without `--tile`.
[[nodiscard]] std::optional<TilingOptions> plan_tiling(const TileOptions& options);

} // namespace detect::cli
