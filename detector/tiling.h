// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "detect/error.h"
#include "detect/image.h"
#include "detect/tiling.h"
#include "detector/tile_layout.h"

#include <functional>
#include <span>
#include <vector>

namespace detect {

/// One result from those of the tiles, whose boxes are in pixels of their tile, best score first. First each place is
/// left to the tile that sees it best: a detection near a tile's inner border is dropped if another tile sees the same
/// box farther from its own borders. What then is still double is merged as the options say. Detections of one tile are
/// never merged with one another, but both may be merged with what another tile sees as one. `tiles` and `found`
/// correspond, as `tile_layout` gave them.
[[nodiscard]] ImageResult merge_tiles(std::span<const PixelRect> tiles, std::span<const ImageResult> found, int width,
                                      int height, TileMerge merge);

/// Finds objects in pictures of one size, as `Detector::run` does for a span of views.
using RunPictures = std::function<Result<std::vector<ImageResult>>(std::span<const ImageView>)>;

/// Detects in a picture tile by tile, a few at a time, so that memory does not depend on the picture's size. The views
/// handed to `run` are parts of `picture`: nothing is copied. A picture no larger than a tile is run as it is.
[[nodiscard]] Result<ImageResult> run_tiled(const ImageView& picture, const TilingOptions& options,
                                            const StrideInPixels& stride, const RunPictures& run);

} // namespace detect
