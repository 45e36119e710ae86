// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/lowering/lowering.h"

namespace detect {

/// Nodes that one 8-bit step computes: a convolution, matrix product or RoIAlign with what stands before and behind it.
struct Lowering::Int8Group {
    /// The one that gives the step its name.
    std::size_t node = 0;
    std::vector<std::size_t> members;
    /// Bytes, but for RoIAlign.
    ValueId x;
    /// Not there, or squeeze-excite's gate (floats).
    ValueId gate;
    /// Not there, or what is added: bytes if the parameters say so.
    ValueId residual;
    /// Bytes if the parameters say so.
    ValueId result;
    /// Not there, or the average of the result's pixels.
    ValueId mean;
    ByteWeights weights;
    Int8ConvParameters parameters;
    /// Of a matrix product: x has the order [pixels, channels], the weights [channels, pixels].
    std::size_t pixels = 1;
};

} // namespace detect
