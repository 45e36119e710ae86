#pragma once

#include "detect/detection.h"
#include "detect/error.h"
#include "detect/image.h"
#include "postprocess/results/picture_result.h"

#include <functional>
#include <span>
#include <vector>

/// Large pictures in parts: every tile has the same size and so the same scale, neighbours overlap, and an object that
/// lies across a seam is reported once.
namespace detect {

/// How two detections of a class, from different tiles, that may be the same object become one.
enum class TileMerge {
    /// Non-maximum suppression: of two with an intersection over union of at least 0.5, the better is kept.
    nms,
    /// Two with an intersection over the smaller box of at least 0.5 become one. Its box is the better one's, or, where
    /// both are cut by their tile's border, what encloses both: an object larger than the overlap comes out whole.
    ios,
};

struct TilingOptions {
    /// Length of a tile's sides in pixels, at least 32. A shorter picture has shorter tiles.
    int tile = 640;
    /// Share of a tile's side that neighbours have in common at least, 0 to 0.9. Objects up to this size are seen whole
    /// by at least one tile.
    double overlap = 0.2;
    TileMerge merge = TileMerge::ios;
};

/// Where tiles of a picture lie, row by row. All have the same size and neighbours overlap as asked for; the last of a
/// row or column ends with the picture and may overlap more. `invalid_argument` if the options or the size make no
/// sense.
[[nodiscard]] Result<std::vector<PixelRect>> tile_layout(int width, int height, const TilingOptions& options);

/// One result from those of the tiles, whose boxes are in pixels of their tile, best score first. First each place is
/// left to the tile that sees it best: a detection near a tile's inner border is dropped if another tile sees the same
/// box farther from its own borders. What then is still double is merged as the options say. Detections of one tile are
/// never merged with one another. `tiles` and `found` correspond, as `tile_layout` gave them.
[[nodiscard]] ImageResult merge_tiles(std::span<const PixelRect> tiles, std::span<const ImageResult> found, int width,
                                      int height, TileMerge merge);

/// Finds objects in pictures, as `Detector::run` does for a span of views.
using RunPictures = std::function<Result<std::vector<ImageResult>>(std::span<const ImageView>)>;

/// Detects in a picture tile by tile, a few at a time, so that memory does not depend on the picture's size. The views
/// handed to `run` are parts of `picture`: nothing is copied. A picture no larger than a tile is run as it is.
[[nodiscard]] Result<ImageResult> run_tiled(const ImageView& picture, const TilingOptions& options,
                                            const RunPictures& run);

} // namespace detect
