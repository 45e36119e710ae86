// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace detect {

/// How two detections of a class, from different tiles, that may be the same object become one.
enum class TileMerge {
    /// Two with an intersection over the smaller box of at least 0.5 become one. Its box is the better one's, or, where
    /// both are cut by their tile's border, what encloses both: an object larger than the overlap comes out whole.
    ios,
    /// Non-maximum suppression: of two with an intersection over union of at least 0.5, the better is kept.
    nms,
};

/// Which pictures are looked at in tiles.
enum class TileWhen {
    /// All that are larger than a tile.
    larger_than_a_tile,
    /// Those that would pass the memory limit as a whole. Others are scaled down as the model does with every picture.
    beyond_memory_limit,
};

/// Large pictures in parts: every tile has the same size and so the same scale, neighbours overlap, and an object that
/// lies across a seam is reported once. Memory depends on the tile and not on the picture.
///
/// A picture that is a whole number of tiles in both directions is a panel, and its boards are the tiles: these are
/// seen side by side, each as if it were alone, and so give what they give one by one, bit for bit. Strips that are as
/// wide as the overlap then look along the seams. (Where the model does not say how it scales pictures, or would scale
/// such strips otherwise than tiles, tiles overlap there, too.)
struct TilingOptions {
    /// Length of a tile's sides in pixels, at least 32. A shorter picture has shorter tiles.
    int tile = 640;
    /// Share of a tile's side that is seen twice, 0 to 0.9. Where tiles overlap, objects up to this size are seen whole
    /// by at least one of them; on the seams of a panel, objects up to half of it, and larger ones are put together
    /// from pieces. Rounded, by 0.05 or by the network's stride, so that tiles lie on the network's own grid: it then
    /// sees the same thing wherever a tile begins, and boxes stay where they are.
    double overlap = 0.15;
    TileMerge merge = TileMerge::ios;
    TileWhen when = TileWhen::larger_than_a_tile;
};

} // namespace detect
