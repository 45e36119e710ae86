// SPDX-License-Identifier: Apache-2.0
#include "postprocess/box_coding.h"

#include <cmath>

namespace detect {

namespace {

/// Elements 0–1 of the last axis: (x1, y1) of a box, (dx, dy) of deltas.
ValueId first_half(GraphBuilder& b, ValueId x) { return b.slice(x, 0, 2, -1); }
/// Elements 2–3: (x2, y2), or (dw, dh).
ValueId second_half(GraphBuilder& b, ValueId x) { return b.slice(x, 2, 4, -1); }

/// The last axis has two elements, with a weight each.
ValueId divided(GraphBuilder& b, ValueId x, float first, float second) {
    if (first != second) return b.div(x, b.vector({first, second}));
    return first == 1.0F ? x : b.div(x, b.scalar(first));
}

} // namespace

ValueId add_decode_boxes(GraphBuilder& b, ValueId deltas, ValueId references, BoxCodingWeights weights) {
    const auto scope = b.scope("decode");
    const ValueId half = b.scalar(0.5F);
    const ValueId max_log_growth = b.scalar(static_cast<float>(std::log(1000.0 / 16.0)));

    const ValueId top_left = first_half(b, references);
    const ValueId reference_size = b.sub(second_half(b, references), top_left);
    const ValueId reference_centre = b.add(top_left, b.mul(half, reference_size));

    const ValueId shift = divided(b, first_half(b, deltas), weights.x, weights.y);
    const ValueId growth = b.min(divided(b, second_half(b, deltas), weights.width, weights.height), max_log_growth);

    const ValueId centre = b.add(b.mul(shift, reference_size), reference_centre);
    const ValueId half_size = b.mul(half, b.mul(b.node("Exp", {growth}), reference_size));
    return b.concat({b.sub(centre, half_size), b.add(centre, half_size)}, -1);
}

ValueId add_clip_boxes(GraphBuilder& b, ValueId boxes, ValueId limits) {
    return b.min(b.max(boxes, b.scalar(0.0F)), limits);
}

ValueId add_large_enough(GraphBuilder& b, ValueId boxes, float min_side) {
    const auto scope = b.scope("large_enough");
    const ValueId sides = b.sub(second_half(b, boxes), first_half(b, boxes));
    // The axis counts from the front: ONNX Runtime 1.30 takes -1 wrongly where there are no boxes.
    const ValueId shorter =
        b.node("ReduceMin", {sides}, {{"axes", std::vector<std::int64_t>{2}}, {"keepdims", std::int64_t{0}}});
    return b.node("GreaterOrEqual", {shorter, b.scalar(min_side)});
}

} // namespace detect
