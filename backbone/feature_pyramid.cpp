// SPDX-License-Identifier: Apache-2.0
#include "backbone/feature_pyramid.h"

#include "backbone/layers.h"

namespace detect {

FeaturePyramid add_feature_pyramid(GraphBuilder& b, const BackboneMaps& maps) {
    const auto scope = b.scope("fpn");
    const std::string inner = "backbone.fpn.inner_blocks.";
    const std::string layer = "backbone.fpn.layer_blocks.";
    const ConvolutionSettings output{.in_channels = pyramid_channels, .out_channels = pyramid_channels, .kernel = 3};

    const ValueId top =
        add_convolution(b, maps.block_16, inner + "1.0", {.in_channels = 960, .out_channels = pyramid_channels});
    const ValueId lateral =
        add_convolution(b, maps.block_13, inner + "0.0", {.in_channels = 160, .out_channels = pyramid_channels});
    // The nearest-neighbour upsample of the top-down path is the identity here: both maps have stride 32.
    const ValueId merged = b.add(lateral, top);

    const ValueId map_0 = b.named(add_convolution(b, merged, layer + "0.0", output), "feature_0");
    const ValueId map_1 = b.named(add_convolution(b, top, layer + "1.0", output), "feature_1");
    // torchvision's LastLevelMaxPool: every second row and column.
    const ValueId pool =
        b.node("MaxPool", {map_1},
               {{"kernel_shape", std::vector<std::int64_t>{1, 1}}, {"strides", std::vector<std::int64_t>{2, 2}}});
    return {.map_0 = map_0, .map_1 = map_1, .pool = b.named(pool, "feature_pool")};
}

} // namespace detect
