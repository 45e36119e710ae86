// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/inverted_residual.h"
#include "executor/step.h"

namespace detect {

/// x [N, H, W, C] bytes (, gate [N, 1, 1, C] floats)(, residual) → y [N, OH, OW, K], bytes or floats. Not for depthwise
/// convolutions.
[[nodiscard]] std::shared_ptr<const Step> make_int8_convolution_step(std::shared_ptr<const Int8Conv> convolution,
                                                                     bool residual);

/// x [N, H, W, C] bytes (, residual) → y and, if wanted, the mean of the depthwise output as floats [N, 1, 1,
/// channels]. Null if these convolutions cannot be fused.
[[nodiscard]] std::shared_ptr<const Step> make_int8_inverted_residual_step(Int8InvertedResidual::Steps parts,
                                                                           bool residual);

/// The one convolution of a step that the functions above made, if it takes no gate; null for any other step.
[[nodiscard]] std::shared_ptr<const Int8Conv> ungated_int8_convolution(const Step& step);

/// x [M, …] bytes → activation(x · B + bias) [M, N], bytes or floats; `parameters` gives activation and output.
[[nodiscard]] std::shared_ptr<const Step> make_int8_fully_connected_step(Int8Matrix weights,
                                                                         const Int8ConvParameters& parameters);

} // namespace detect
