// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/inverted_residual.h"
#include "executor/kernels/row_chain.h"

namespace detect {

/// Appends the layer that computes a convolution on top of maps [N, height, width, input channels]; false if it is not
/// computed in a way that goes row by row. The convolution must outlive the layer.
[[nodiscard]] bool append_convolution(const Conv2d& convolution, std::size_t height, std::size_t width,
                                      RowLayers& layers);

/// The same for MobileNet's block: a layer that expands (if the block does), and one that convolves depthwise and
/// projects. `adds_input`: the block's input is added to its output; for blocks that do not expand.
[[nodiscard]] bool append_inverted_residual(const InvertedResidual::Steps& block, bool adds_input, std::size_t height,
                                            std::size_t width, RowLayers& layers);

} // namespace detect
