// SPDX-License-Identifier: Apache-2.0
#include "cli/tile_options.h"

namespace detect::cli {

void add_tile_options(CLI::App& app, TileOptions& o, const std::string& group) {
    auto* const tile =
        app.add_option("--tile", o.tile, "Look at larger pictures in square tiles with sides of this many pixels")
            ->check(CLI::Range(32, 16384))
            ->group(group);
    app.add_option("--overlap", o.overlap,
                   "How much of a tile's side is looked at twice, as a share: by the next tile, or by strips along the "
                   "seams if the picture is a whole number of tiles. It is rounded to the network's own grid")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str()
        ->needs(tile)
        ->group(group);
    app.add_option("--merge", o.merge,
                   "How to join what two tiles found of one object: ios (compares by intersection over the smaller "
                   "box, joins pieces) or nms (compares by intersection over union, keeps the better one)")
        ->check(CLI::IsMember({"ios", "nms"}))
        ->capture_default_str()
        ->needs(tile)
        ->group(group);
}

std::optional<TilingOptions> plan_tiling(const TileOptions& options) {
    if (options.tile == 0) return std::nullopt;
    return TilingOptions{.tile = options.tile,
                         .overlap = options.overlap,
                         .merge = options.merge == "nms" ? TileMerge::nms : TileMerge::ios};
}

} // namespace detect::cli
