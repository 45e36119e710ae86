// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/geometry.h"
#include "graph/operators.h"

#include <span>
#include <vector>

namespace detect {

/// The attributes of a convolution.
[[nodiscard]] std::vector<AttributeRule> convolution_attributes();

/// The windows of a convolution or pooling node, one per spatial axis.
struct WindowAttributes {
    std::vector<Window> axes;
    AutoPad auto_pad = AutoPad::notset;
};

/// Reads `auto_pad`, `dilations`, `pads` and `strides` of a node whose kernel sizes are known.
/// `bad_model` (the message alone, without the node) if a list has the wrong length or an impossible value.
[[nodiscard]] Result<WindowAttributes> window_attributes(const Node& node, std::size_t spatial_rank,
                                                         std::span<const std::int64_t> kernel);

/// One spatial axis of a ConvTranspose: the size of its output and the padding cut off in front.
struct TransposedAxis {
    std::int64_t output_size = 0;
    std::int64_t pad_begin = 0;
};

/// `bad_model` (the message alone) if `output_shape`, `output_padding` or the padding fit no output.
[[nodiscard]] Result<TransposedAxis> transposed_axis(const Node& node, const WindowAttributes& windows,
                                                     std::size_t axis, std::int64_t size);

} // namespace detect
