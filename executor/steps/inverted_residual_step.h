// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/inverted_residual.h"
#include "executor/step.h"

namespace detect {

/// x [N, H, W, C] (, residual) → y [N, OH, OW, K] and, if wanted, the mean of the depthwise output as [N, 1, 1,
/// channels]. Without `project` in `parts`, y is the depthwise output itself. Null if these convolutions cannot be
/// fused. Gives the bits that they give one after the other.
[[nodiscard]] std::shared_ptr<const Step> make_inverted_residual_step(const InvertedResidual::Steps& parts,
                                                                      bool residual);

} // namespace detect
