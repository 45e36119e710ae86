// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_conv_case.h"
#include "fuzz/targets.h"

/// Convolutions of every kind but Winograd's.
namespace detect::fuzz {

namespace {

Conv2dParameters take_window(Input& input, Conv2dParameters p, std::size_t largest) {
    p.kernel_h = input.number(1, largest);
    p.kernel_w = input.number(1, largest);
    p.stride_h = input.number(1, 3);
    p.stride_w = input.number(1, 3);
    p.dilation_h = input.number(1, 3);
    p.dilation_w = input.number(1, 3);
    p.pad_top = input.number(0, 4);
    p.pad_left = input.number(0, 4);
    p.pad_bottom = input.number(0, 4);
    p.pad_right = input.number(0, 4);
    // More kernel rows than any way takes at once.
    if (input.number(0, 31) == 31) p.kernel_h = 66;
    return p;
}

Conv2dParameters take_parameters(Input& input) {
    Conv2dParameters p;
    p.activation = take_activation(input);
    switch (input.number(0, 15)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: // pointwise
        p.input_channels = take_size(input, 1, 20, 150);
        p.output_channels = take_size(input, 1, 20, 70);
        return p;
    case 5:
    case 6:
    case 7:
    case 8: // depthwise
        p.input_channels = p.output_channels = p.groups = take_size(input, 2, 20, 80);
        p = take_window(input, p, 6);
        // What most kernels are written for.
        if (input.number(0, 1) == 1) {
            p.kernel_h = p.kernel_w = p.kernel_h % 2 == 0 ? 3 : 5;
            p.stride_h = p.stride_w = p.stride_h % 2 + 1;
            p.dilation_h = p.dilation_w = 1;
        }
        return p;
    default:
        p.groups = input.number(0, 3) == 3 ? input.number(2, 4) : 1;
        p.input_channels = p.groups * input.number(1, 9);
        p.output_channels = p.groups * take_size(input, 1, 20, 50);
        return take_window(input, p, 5);
    }
}

} // namespace

void kernels_conv(Bytes bytes) {
    Input input(bytes);
    const bool two_threads = input.number(0, 1) == 1;
    require_convolution(take_case(input, take_parameters(input)), two_threads);
}

} // namespace detect::fuzz
