// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backbone/mobilenet_v3.h"
#include "graph/builder.h"

#include <array>

namespace detect {

constexpr std::int64_t pyramid_channels = 256;

/// torchvision's maps "0", "1" and "pool": float32 [batch, 256, h, w]; the first two with stride 32, "pool" about 64.
struct FeaturePyramid {
    ValueId map_0;
    ValueId map_1;
    ValueId pool;
    [[nodiscard]] std::array<ValueId, 3> levels() const { return {map_0, map_1, pool}; }
};

/// Feature Pyramid Network (Lin et al. 2017) over the two maps. Parameters: `backbone.fpn.…`.
FeaturePyramid add_feature_pyramid(GraphBuilder& builder, const BackboneMaps& maps);

} // namespace detect
