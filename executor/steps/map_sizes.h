// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d_parameters.h"
#include "graph/tensor.h"

namespace detect {

/// Of a channels-last map [N, H, W, C].
[[nodiscard]] inline MapSize map_size(const Dims& map) {
    return {static_cast<std::size_t>(map[0]), static_cast<std::size_t>(map[1]), static_cast<std::size_t>(map[2])};
}

/// What a window makes of a channels-last map: [N, OH, OW, channels].
[[nodiscard]] inline Dims output_dims(const MapSize& map, const Conv2dParameters& window, std::size_t channels) {
    return {static_cast<std::int64_t>(map.batch), static_cast<std::int64_t>(window.output_height(map.height)),
            static_cast<std::int64_t>(window.output_width(map.width)), static_cast<std::int64_t>(channels)};
}

} // namespace detect
