// SPDX-License-Identifier: Apache-2.0
#include "rpn/anchors.h"

#include <cmath>

namespace detect {

Tensor cell_anchors(const AnchorSettings& settings) {
    std::vector<float> boxes;
    for (const float ratio : settings.aspect_ratios) {
        const float height_ratio = std::sqrt(ratio);
        const float width_ratio = 1.0F / height_ratio;
        for (const std::int64_t size : settings.sizes) {
            const float half_width = width_ratio * static_cast<float>(size) / 2.0F;
            const float half_height = height_ratio * static_cast<float>(size) / 2.0F;
            // nearbyint in the default rounding mode: half to even, as torch.round.
            for (const float side : {-half_width, -half_height, half_width, half_height}) {
                boxes.push_back(std::nearbyint(side));
            }
        }
    }
    return Tensor::of<float>({settings.per_location(), 4}, boxes);
}

ValueId add_anchors(GraphBuilder& b, ValueId images, ValueId feature_map, const AnchorSettings& settings) {
    const auto scope = b.scope("anchors");
    // Pixel positions of the grid lines along one axis (2: rows, 3: columns), as float32 [grid].
    const auto shifts = [&](std::int64_t axis) {
        const ValueId grid = b.size_of(feature_map, axis);
        const ValueId stride = b.div(b.size_of(images, axis), grid);
        const ValueId zero = b.scalar(std::int64_t{0});
        const ValueId one = b.scalar(std::int64_t{1});
        const ValueId positions = b.node("Range", {zero, b.squeeze(grid, {0}), one});
        return b.cast(b.mul(positions, stride), DataType::float32);
    };
    const ValueId y = b.unsqueeze(shifts(2), {1, 2, 3});
    const ValueId x = b.unsqueeze(shifts(3), {0, 2, 3});
    const ValueId x_of_box = b.constant("x_of_box", Tensor::of<float>({4}, {1.0F, 0.0F, 1.0F, 0.0F}));
    const ValueId y_of_box = b.constant("y_of_box", Tensor::of<float>({4}, {0.0F, 1.0F, 0.0F, 1.0F}));
    const ValueId shift = b.add(b.mul(x, x_of_box), b.mul(y, y_of_box));
    const ValueId cells = b.constant("cell_anchors", cell_anchors(settings));
    return b.reshape(b.add(shift, cells), b.vector({std::int64_t{-1}, std::int64_t{4}}));
}

} // namespace detect
