// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/gemm.h"
#include "executor/step.h"

namespace detect {

struct FullyConnectedParameters {
    Activation activation = Activation::none;
    /// x [..., K] → [..., N]. Else all axes of x behind the first count as one, and the result is [M, N].
    bool keeps_axes = false;
    /// A second input is added to the product before the activation; they broadcast to each other.
    bool adds = false;
};

/// activation(x · B + bias + residual). B's rows stand in the order in which x has its elements.
[[nodiscard]] std::shared_ptr<const Step> make_fully_connected_step(const KernelTable& kernels, PackedMatrix weights,
                                                                    const FullyConnectedParameters& parameters);

} // namespace detect
