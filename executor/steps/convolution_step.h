// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d.h"
#include "executor/step.h"

namespace detect {

/// Which optional tensors a convolution step has, in this order behind x.
struct ConvolutionInputs {
    /// [N, 1, 1, input channels], multiplied into x (squeeze-excite).
    bool gate = false;
    /// Like the output, added before the activation.
    bool residual = false;
};

/// x [N, H, W, C] (, gate)(, residual) → y [N, OH, OW, K] and, if wanted, y's mean over its pixels as [N, 1, 1, K].
/// A depthwise convolution gives the mean but takes neither gate nor residual.
[[nodiscard]] std::shared_ptr<const Step> make_convolution_step(std::shared_ptr<const Conv2d> convolution,
                                                                ConvolutionInputs inputs);

/// The convolution of a step that the function above made, if it takes no gate; null for any other step.
[[nodiscard]] std::shared_ptr<const Conv2d> ungated_convolution(const Step& step);

} // namespace detect
