// SPDX-License-Identifier: Apache-2.0
#include "detector/tiling.h"

#include "base/try.h"
#include "results/detection_match.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>

namespace detect {

namespace {

/// Tiles in one call, or as many smaller strips as have their pixels: larger batches take as much more memory and gain
/// little.
constexpr std::int64_t tiles_per_run = 2;
constexpr double same_object = 0.5;
/// A box that ends this close to a tile's inner border, in pixels, may be cut by it. One that is twice as far is not.
constexpr float cut_margin = 3.0F;
/// Another tile sees a box better only if it is farther from that tile's borders by this many pixels: two tiles place
/// the same object a few pixels apart, and where they see it equally well both must keep it to be merged.
constexpr float better_by = 16.0F;

struct Size {
    int width = 0;
    int height = 0;
};

/// How far a box stays from the tile's borders with other tiles, in pixels; negative if it reaches over one. Borders of
/// the picture itself do not count: nobody sees beyond them.
float distance_to_seams(const Box& box, const PixelRect& tile, const Size& picture) {
    float distance = std::numeric_limits<float>::infinity();
    const auto keep = [&](bool is_seam, float value) {
        if (is_seam) distance = std::min(distance, value);
    };
    const auto at = [](int pixel) { return static_cast<float>(pixel); };
    keep(tile.x > 0, box.x1 - at(tile.x));
    keep(tile.y > 0, box.y1 - at(tile.y));
    keep(tile.x + tile.width < picture.width, at(tile.x + tile.width) - box.x2);
    keep(tile.y + tile.height < picture.height, at(tile.y + tile.height) - box.y2);
    return distance;
}

struct Candidate {
    Detection detection;
    std::size_t tile = 0;
    bool cut = false;
};

/// For each tile the others that it overlaps: of a large picture's many tiles, only those see the same objects.
using Neighbours = std::vector<std::vector<std::size_t>>;

bool overlaps(const PixelRect& a, const PixelRect& b) {
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

Neighbours neighbours_of(std::span<const PixelRect> tiles) {
    // From the top: of hundreds of thousands of tiles, only those of a few rows are compared with each.
    const auto top = [&](std::size_t i) { return tiles[i].y; };
    std::vector<std::size_t> from_top(tiles.size());
    std::iota(from_top.begin(), from_top.end(), std::size_t{0});
    std::ranges::stable_sort(from_top, {}, top);
    const int tallest = tiles.empty() ? 0 : std::ranges::max(tiles, {}, &PixelRect::height).height;
    Neighbours neighbours(tiles.size());
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const auto first = std::ranges::upper_bound(from_top, tiles[i].y - tallest, {}, top);
        const auto last = std::ranges::lower_bound(first, from_top.end(), tiles[i].y + tiles[i].height, {}, top);
        for (auto j = first; j != last; ++j) {
            if (*j != i && overlaps(tiles[i], tiles[*j])) neighbours[i].push_back(*j);
        }
    }
    return neighbours;
}

/// Those whose place no other tile sees better.
std::vector<Candidate> best_views(std::span<const PixelRect> tiles, const Neighbours& neighbours,
                                  std::span<const ImageResult> found, const Size& picture) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        for (Detection detection : found[i].detections) {
            Box& box = detection.box;
            const auto x = static_cast<float>(tiles[i].x);
            const auto y = static_cast<float>(tiles[i].y);
            box = {box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y};
            const float own = distance_to_seams(box, tiles[i], picture);
            const bool cut = own < cut_margin;
            const float better = cut ? 2.0F * cut_margin : own + better_by;
            const bool seen_better = std::ranges::any_of(
                neighbours[i], [&](std::size_t j) { return distance_to_seams(box, tiles[j], picture) >= better; });
            if (!seen_better) candidates.push_back({detection, i, cut});
        }
    }
    return candidates;
}

double intersection_over_smaller(const Box& a, const Box& b) {
    const auto area = [](float w, float h) { return static_cast<double>(std::max(w, 0.0F)) * std::max(h, 0.0F); };
    const double intersection =
        area(std::min(a.x2, b.x2) - std::max(a.x1, b.x1), std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
    const double smaller = std::min(area(a.x2 - a.x1, a.y2 - a.y1), area(b.x2 - b.x1, b.y2 - b.y1));
    return smaller > 0.0 ? intersection / smaller : 0.0;
}

Box enclosing(const Box& a, const Box& b) {
    return {std::min(a.x1, b.x1), std::min(a.y1, b.y1), std::max(a.x2, b.x2), std::max(a.y2, b.y2)};
}

struct Kept {
    Candidate best;
    /// Tiles that this object has been seen in.
    std::set<std::size_t> tiles;
};

/// The kept object, of those in `near`, that the candidate is another view of; nothing if there is none.
std::optional<std::size_t> same_as(const Candidate& candidate, std::span<const Kept> kept,
                                   std::span<const std::size_t> near, TileMerge merge) {
    std::optional<std::size_t> best;
    double most = same_object;
    for (const std::size_t index : near) {
        const Kept& other = kept[index];
        if (other.best.detection.label != candidate.detection.label) continue;
        if (other.best.tile == candidate.tile) continue;
        const Box& a = other.best.detection.box;
        const Box& b = candidate.detection.box;
        // A tile tells its objects apart by itself; but pieces of a cut one it may report twice, and of two boxes that
        // it tells apart both may be what another tile sees as one.
        const bool told_apart = other.tiles.contains(candidate.tile) && !candidate.cut;
        if (told_apart && intersection_over_union(a, b) < same_object) continue;
        const double overlap =
            merge == TileMerge::nms ? intersection_over_union(a, b) : intersection_over_smaller(a, b);
        if (overlap < most) continue;
        most = overlap;
        best = index;
    }
    return best;
}

std::vector<Detection> merged(std::vector<Candidate> candidates, const Neighbours& neighbours, TileMerge merge) {
    // Whole views before cut ones, whatever their scores.
    std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
        return a.cut != b.cut ? b.cut : a.detection.score > b.detection.score;
    });
    std::vector<Kept> kept;
    // By tile: those that it or a neighbour has seen.
    std::vector<std::vector<std::size_t>> near(neighbours.size());
    const auto seen_by = [&](std::size_t tile, std::size_t object) {
        if (!kept[object].tiles.insert(tile).second) return;
        near[tile].push_back(object);
        for (const std::size_t neighbour : neighbours[tile]) near[neighbour].push_back(object);
    };
    for (const Candidate& candidate : candidates) {
        const auto same = same_as(candidate, kept, near[candidate.tile], merge);
        if (!same) kept.push_back({candidate, {}});
        seen_by(candidate.tile, same.value_or(kept.size() - 1));
        if (!same) continue;
        Detection& best = kept[*same].best.detection;
        best.score = std::max(best.score, candidate.detection.score);
        if (merge == TileMerge::ios && candidate.cut && kept[*same].best.cut)
            best.box = enclosing(best.box, candidate.detection.box);
    }
    std::vector<Detection> detections;
    detections.reserve(kept.size());
    for (const Kept& object : kept) detections.push_back(object.best.detection);
    std::ranges::stable_sort(detections, std::greater(), &Detection::score);
    return detections;
}

std::int64_t pixels(const PixelRect& tile) { return std::int64_t{tile.width} * tile.height; }

ImageView part_of(const ImageView& picture, const PixelRect& tile) {
    ImageView view = picture;
    view.pixels = row_of(picture, static_cast<std::size_t>(tile.y)) +
                  static_cast<std::size_t>(tile.x) * bytes_per_pixel(picture.format);
    view.width = tile.width;
    view.height = tile.height;
    return view;
}

} // namespace

ImageResult merge_tiles(std::span<const PixelRect> tiles, std::span<const ImageResult> found, int width, int height,
                        TileMerge merge) {
    const Neighbours neighbours = neighbours_of(tiles);
    return {merged(best_views(tiles, neighbours, found, {width, height}), neighbours, merge)};
}

Result<ImageResult> run_tiled(const ImageView& picture, const TilingOptions& options, const StrideInPixels& stride,
                              const RunPictures& run) {
    DETECT_TRY_ASSIGN(const std::vector<PixelRect> tiles, tile_layout(picture.width, picture.height, options, stride));
    std::vector<ImageResult> found;
    while (found.size() < tiles.size()) {
        const std::span rest = std::span(tiles).subspan(found.size());
        const std::int64_t most = std::max<std::int64_t>(1, tiles_per_run * pixels(tiles.front()) / pixels(rest[0]));
        std::vector<ImageView> views;
        for (const PixelRect& tile : rest.first(std::min(rest.size(), static_cast<std::size_t>(most)))) {
            if (tile.width != rest[0].width || tile.height != rest[0].height) break;
            views.push_back(part_of(picture, tile));
        }
        DETECT_TRY_ASSIGN(std::vector<ImageResult> results, run(views));
        std::ranges::move(results, std::back_inserter(found));
    }
    if (tiles.size() == 1) return std::move(found.front());
    return merge_tiles(tiles, found, picture.width, picture.height, options.merge);
}

} // namespace detect
