// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/kernel_table.h"

namespace detect {

/// mean [N, C] = average of x [N, H, W, C] over its pixels: each row is summed from left to right, then the rows from
/// top to bottom, as DepthwiseConv::run does. NaN for a picture without pixels.
void global_average_pool(const KernelTable& kernels, const float* x, const MapSize& size, std::size_t channels,
                         float* mean, ThreadPool& pool);

struct MaxPoolParameters {
    std::size_t kernel_h = 1;
    std::size_t kernel_w = 1;
    std::size_t stride_h = 1;
    std::size_t stride_w = 1;
    std::size_t pad_top = 0;
    std::size_t pad_left = 0;
    std::size_t dilation_h = 1;
    std::size_t dilation_w = 1;
    /// Given by the caller, since rounding up is a matter of its operator.
    std::size_t output_height = 0;
    std::size_t output_width = 0;
};

/// x [N, H, W, C] → y [N, output_height, output_width, C] (torch.nn.MaxPool2d): padding does not count, NaN wins, and a
/// window that lies wholly in the padding gives -∞. Taps in the padding cost nothing, however large the window.
void max_pool(const KernelTable& kernels, const MaxPoolParameters& parameters, const float* x, const MapSize& size,
              std::size_t channels, float* y, ThreadPool& pool);

} // namespace detect
