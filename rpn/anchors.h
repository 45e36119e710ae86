// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

#include <cstdint>
#include <vector>

namespace detect {

struct AnchorSettings {
    /// Square roots of anchor areas, in resized pixels; the same on every level.
    std::vector<std::int64_t> sizes{32, 64, 128, 256, 512};
    /// Height divided by width.
    std::vector<float> aspect_ratios{0.5F, 1.0F, 2.0F};

    [[nodiscard]] std::int64_t per_location() const {
        return static_cast<std::int64_t>(sizes.size() * aspect_ratios.size());
    }
};

/// Anchors around the origin: float32 [A, 4] as (x1, y1, x2, y2), ratio-major, rounded half to even
/// (torchvision AnchorGenerator.generate_anchors).
[[nodiscard]] Tensor cell_anchors(const AnchorSettings& settings);

/// Anchors of one level: float32 [height · width · A, 4] in resized pixels, ordered (row, column, anchor).
/// The stride is torchvision's: padded picture size integer-divided by the grid size, so 61 (not 64) for the 13 rows of
/// the pool level of an 800-pixel-high picture.
/// `images`: [batch, 3, padded height, padded width]; `feature_map`: [batch, C, height, width].
ValueId add_anchors(GraphBuilder& builder, ValueId images, ValueId feature_map, const AnchorSettings& settings);

} // namespace detect
