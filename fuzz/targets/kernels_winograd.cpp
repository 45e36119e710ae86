// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_conv_case.h"
#include "fuzz/targets.h"

/// Convolutions of 3×3 by Winograd's way. They have so many weights that a target of their own lets others run faster.
namespace detect::fuzz {

void kernels_winograd(Bytes bytes) {
    Input input(bytes);
    const bool two_threads = input.number(0, 1) == 1;
    Conv2dParameters p;
    p.activation = take_activation(input);
    p.input_channels = input.number(64, 68);
    p.output_channels = input.number(64, 81);
    p.kernel_h = p.kernel_w = 3;
    p.pad_top = input.number(0, 3);
    p.pad_left = input.number(0, 3);
    p.pad_bottom = input.number(0, 3);
    p.pad_right = input.number(0, 3);
    require_convolution(take_case(input, p), two_threads);
}

} // namespace detect::fuzz
