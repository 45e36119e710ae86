// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

namespace detect {

/// The two maps of MobileNetV3-Large that the feature pyramid reads. Both have stride 32.
struct BackboneMaps {
    /// After body block 13: float32 [batch, 160, height / 32, width / 32].
    ValueId block_13;
    /// After the last 1×1 convolution (body 16): float32 [batch, 960, height / 32, width / 32].
    ValueId block_16;
};

/// MobileNetV3-Large (Howard et al. 2019, table 1), as torchvision's detection builder cuts it.
/// `images`: float32 [batch, 3, height, width], sides multiples of 32. Parameters: `backbone.body.…`.
BackboneMaps add_mobilenet_v3_large(GraphBuilder& builder, ValueId images);

} // namespace detect
