// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d_parameters.h"
#include "graph/graph.h"
#include "roi_heads/roi_align_kernel.h"

#include <optional>

/// What lowering reads off nodes.
namespace detect {

/// The activation that a node is, if kernels have it.
[[nodiscard]] std::optional<Activation> as_activation(const Node& node);

/// `weight`: [output, input / groups, kernel_h, kernel_w]. The node has passed its shape rule, which reads the same
/// attributes.
[[nodiscard]] Result<Conv2dParameters> convolution_parameters(const Node& node, const Dims& weight);

/// [?, ?, 1, 1]: what squeeze-excite multiplies by.
[[nodiscard]] bool has_unit_pixels(const Value& value);

/// Of a RoiAlign that averages, channels last.
[[nodiscard]] RoiAlignParameters roi_align_parameters(const Node& node, int opset);

} // namespace detect
