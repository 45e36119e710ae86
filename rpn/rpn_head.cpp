// SPDX-License-Identifier: Apache-2.0
#include "rpn/rpn_head.h"

#include "backbone/feature_pyramid.h"
#include "backbone/layers.h"

namespace detect {

RpnOutput add_rpn_head(GraphBuilder& b, ValueId feature_map, std::int64_t anchors_per_location, std::string_view why) {
    const auto scope = b.scope("head");
    const ValueId hidden = add_nonlinearity(
        b,
        add_convolution(b, feature_map, "rpn.head.conv.0.0",
                        {.in_channels = pyramid_channels, .out_channels = pyramid_channels, .kernel = 3}),
        Nonlinearity::relu);
    const ValueId logits = add_convolution(
        b, hidden, "rpn.head.cls_logits", {.in_channels = pyramid_channels, .out_channels = anchors_per_location}, why);
    const ValueId deltas =
        add_convolution(b, hidden, "rpn.head.bbox_pred",
                        {.in_channels = pyramid_channels, .out_channels = 4 * anchors_per_location}, why);

    // [N, A · k, H, W] → [N, H · W · A, k]. The leading 0 of a shape copies the batch; no other size can be 0 here.
    const auto channels_last = [&](ValueId map) { return b.transpose(map, {0, 2, 3, 1}); };
    return {.logits = b.reshape(channels_last(logits), b.vector({std::int64_t{0}, std::int64_t{-1}})),
            .deltas = b.reshape(channels_last(deltas), b.vector({std::int64_t{0}, std::int64_t{-1}, std::int64_t{4}}))};
}

} // namespace detect
