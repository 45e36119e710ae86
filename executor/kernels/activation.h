// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace detect {

/// What is done to an output before it is stored.
enum class Activation {
    none,
    /// max(x, 0); NaN stays NaN.
    relu,
    /// x · clamp(x + 3, 0, 6) / 6 (torch.nn.Hardswish)
    hard_swish,
    /// clamp(x + 3, 0, 6) / 6 (torch.nn.Hardsigmoid)
    hard_sigmoid,
};

} // namespace detect
