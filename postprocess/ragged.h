// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

namespace detect {

/// Row `indices[n, k]` of every image's table: `table` [batch, rows, width] and int64 `indices` [batch, count]
/// give [batch, count, width].
ValueId add_gather_rows(GraphBuilder& builder, ValueId table, ValueId indices, std::int64_t width);

/// The best `count` of what survived, per image: keeps `scores` (float32, [batch, …]) at the positions listed in
/// `survivors` (int64 [M, rank of scores]), sets all others to 0, and sorts each image's by score, ties by position.
/// Survivors' scores must be above 0, so a 0 in the result marks an empty place.
struct BestPerImage {
    /// float32 [batch, count], descending; 0 past an image's last survivor.
    ValueId scores;
    /// int64 [batch, count]: position in the image's scores, flattened.
    ValueId positions;
    /// bool [batch, count]: which places are taken.
    ValueId taken;
    /// int64 [batch]: how many are.
    ValueId counts;
};

/// `count`: int64 [1], cut down to the number of positions.
BestPerImage add_best_per_image(GraphBuilder& builder, ValueId scores, ValueId survivors, ValueId count);

} // namespace detect
