// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "detect/tiling.h"
#include "pictures/pixel_rect.h"

#include <functional>
#include <vector>

namespace detect {

/// `invalid_argument` if the options make no sense.
[[nodiscard]] Result<void> check(const TilingOptions& options);

/// The network's stride in pixels of a picture, by that picture's width and height; 0 if it is not known.
using StrideInPixels = std::function<double(int width, int height)>;

/// Which parts of a picture are looked at. `invalid_argument` if the options or the size make no sense.
///
/// Usually tiles of one size that overlap, row by row. Each begins on the network's grid, to the nearest pixel, but for
/// the last of a row or column, which ends with the picture and may overlap more.
///
/// A picture that is a whole number of tiles in both directions is a panel, and its boards are the tiles: these come
/// first, row by row, side by side, so that each is seen as if it were alone. Then come strips along the seams that are
/// as wide as the overlap, on the grid, too, and just so long that the network scales them as it scales a tile. Where
/// no strip is, or the stride is not known, tiles overlap as in any other picture.
[[nodiscard]] Result<std::vector<PixelRect>> tile_layout(int width, int height, const TilingOptions& options,
                                                         const StrideInPixels& stride = {});

} // namespace detect
