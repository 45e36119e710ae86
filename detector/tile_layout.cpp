// SPDX-License-Identifier: Apache-2.0
#include "detector/tile_layout.h"

#include "base/try.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace detect {

namespace {

constexpr int smallest_tile = 32;
constexpr double largest_overlap = 0.9;

/// From the start of a tile to that of the next: a multiple of the network's stride, which is given in pixels. Anywhere
/// else its features would fall on other places of the picture, and boxes would move by some pixels. A whole number of
/// pixels is preferred for the same reason, as far as it costs no more than a twentieth of a tile.
double tile_step(int tile, double overlap, double stride) {
    constexpr double rounding = 1e-6;
    const double wanted = (1.0 - overlap) * tile;
    double best = stride;
    auto least = std::tuple(2.0, 0.0, 0.0);
    for (double multiple = 1.0; multiple == 1.0 || multiple * stride <= tile + rounding; ++multiple) {
        const double step = multiple * stride;
        const double distance = std::abs(step - wanted);
        const double from_whole = std::round(std::abs(step - std::round(step)) / rounding);
        const auto cost =
            distance <= tile / 20.0 ? std::tuple(0.0, from_whole, distance) : std::tuple(1.0, distance, 0.0);
        if (cost >= least) continue;
        least = cost;
        best = step;
    }
    return std::min<double>(best, tile);
}

/// First pixels of tiles of this length along one axis. All but the last are a step apart.
std::vector<int> tile_starts(int length, int tile, double step) {
    std::vector<int> starts;
    for (int i = 0, start = 0; start < length - tile; start = static_cast<int>(std::lround(++i * step)))
        starts.push_back(start);
    starts.push_back(std::max(0, length - tile));
    return starts;
}

/// Of strips along a seam, in pixels.
struct Strips {
    /// Across the seam, and how much of that lies before it.
    int width = 0;
    int before = 0;
    /// Along the seam, and from the start of one to that of the next: they overlap as tiles do.
    int length = 0;
    double step = 0.0;
};

/// None if a strip would take more memory than a tile, or the network would see it at another scale.
std::optional<Strips> strips_for(const TilingOptions& options, double grid, const StrideInPixels& stride) {
    constexpr double same_scale = 0.002;
    const double steps_wide = std::max(2.0, std::round(options.overlap * options.tile / grid));
    Strips strips;
    strips.width = static_cast<int>(std::lround(steps_wide * grid));
    strips.before = static_cast<int>(std::lround(std::floor(steps_wide / 2.0) * grid));
    // The scale of a picture this narrow follows from its length alone, in inverse proportion.
    strips.length = static_cast<int>(std::lround(options.tile * grid / stride(1, options.tile)));
    // No more memory than a tile.
    if (std::int64_t{strips.width} * strips.length > std::int64_t{options.tile} * options.tile) return std::nullopt;
    if (std::abs(stride(strips.width, strips.length) / grid - 1.0) > same_scale) return std::nullopt;
    strips.step = std::max(1.0, std::floor((strips.length - strips.width) / grid)) * grid;
    return strips;
}

/// Tiles side by side and strips along their seams; nothing if the picture is not a whole number of tiles, or there are
/// no strips for it.
std::optional<std::vector<PixelRect>> panel_layout(int width, int height, const TilingOptions& options, double grid,
                                                   const StrideInPixels& stride) {
    const int tile = options.tile;
    if (width % tile != 0 || height % tile != 0) return std::nullopt;
    std::vector<PixelRect> tiles;
    for (int y = 0; y < height; y += tile) {
        for (int x = 0; x < width; x += tile) tiles.push_back({x, y, tile, tile});
    }
    if (options.overlap == 0.0) return tiles;
    const auto strips = strips_for(options, grid, stride);
    if (!strips) return std::nullopt;
    if ((width > tile && strips->length > height) || (height > tile && strips->length > width)) return std::nullopt;
    // Those along one direction's seams see what lies on crossings: the others may end there without an overlap.
    const double to_crossings = strips->length == tile ? tile : strips->step;
    const std::vector<int> rows = tile_starts(height, strips->length, to_crossings);
    const std::vector<int> columns = tile_starts(width, strips->length, strips->step);
    for (int seam = tile; seam < width; seam += tile) {
        for (const int y : rows) tiles.push_back({seam - strips->before, y, strips->width, strips->length});
    }
    for (int seam = tile; seam < height; seam += tile) {
        for (const int x : columns) tiles.push_back({x, seam - strips->before, strips->length, strips->width});
    }
    return tiles;
}

} // namespace

Result<void> check(const TilingOptions& options) {
    if (options.tile < smallest_tile) {
        return Error{ErrorCode::invalid_argument,
                     "a tile must be at least 32 pixels long, not " + std::to_string(options.tile)};
    }
    if (!(options.overlap >= 0.0 && options.overlap <= largest_overlap)) {
        return Error{ErrorCode::invalid_argument, "the overlap of tiles must be 0 to 0.9 of their side"};
    }
    return {};
}

Result<std::vector<PixelRect>> tile_layout(int width, int height, const TilingOptions& options,
                                           const StrideInPixels& stride) {
    if (width < 1 || height < 1) return Error{ErrorCode::invalid_argument, "tiling: the picture has no pixels"};
    DETECT_TRY(check(options));
    const int tile_width = std::min(options.tile, width);
    const int tile_height = std::min(options.tile, height);
    const double known = stride ? stride(tile_width, tile_height) : 0.0;
    const double grid = std::max(1.0, known);
    if (known > 0.0) {
        if (auto panel = panel_layout(width, height, options, grid, stride)) return *std::move(panel);
    }
    const double step = tile_step(options.tile, options.overlap, grid);
    const std::vector<int> columns = tile_starts(width, options.tile, step);
    std::vector<PixelRect> tiles;
    for (const int y : tile_starts(height, options.tile, step)) {
        for (const int x : columns) tiles.push_back({x, y, tile_width, tile_height});
    }
    return tiles;
}

} // namespace detect
