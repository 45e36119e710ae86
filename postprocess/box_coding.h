// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

#include <array>

namespace detect {

/// How strongly dx, dy, dw and dh were scaled up in training: 1, 1, 1, 1 in the RPN, 10, 10, 5, 5 in the RoI heads
/// unless somebody says otherwise.
struct BoxCodingWeights {
    float x = 1.0F;
    float y = 1.0F;
    float width = 1.0F;
    float height = 1.0F;
};

/// Boxes from deltas (Girshick 2015; torchvision BoxCoder.decode_single): the centre moves by (dx, dy) times the
/// reference's size, the size grows by exp(dw, dh). dw and dh are clamped above at log(1000 / 16): a 16-pixel reference
/// grows to 1000 pixels at most, so exp cannot overflow.
/// `deltas`: float32 […, 4]; `references`: float32 (x1, y1, x2, y2), broadcastable to it. Returns float32 […, 4], xyxy.
ValueId add_decode_boxes(GraphBuilder& builder, ValueId deltas, ValueId references, BoxCodingWeights weights);

/// Moves corners into the picture: x to [0, width], y to [0, height]. `limits`: float32 [4] = (w, h, w, h).
ValueId add_clip_boxes(GraphBuilder& builder, ValueId boxes, ValueId limits);

/// bool [a, b]: both sides of each box [a, b, 4] are at least `min_side` pixels long (torchvision remove_small_boxes).
ValueId add_large_enough(GraphBuilder& builder, ValueId boxes, float min_side);

} // namespace detect
