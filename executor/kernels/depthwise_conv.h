// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/aligned_buffer.h"
#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/kernel_table.h"

namespace detect {

/// Some rows, columns and channels of a depthwise convolution's output, and the input that they are computed from.
struct DepthwiseStrip {
    /// Row r of the picture is at x + (r mod `ring`) · `x_row_stride`: a buffer of the last few rows will do. Strides
    /// are in floats; x and y start at the first of the channels.
    const float* x = nullptr;
    std::size_t x_row_stride = 0;
    std::size_t x_pixel_stride = 0;
    std::size_t ring = 1;
    /// Rows of the picture, and columns in the buffer.
    std::size_t height = 0;
    std::size_t columns = 0;
    /// Columns by which the first window starts before the buffer: the padding, at the picture's left edge.
    std::size_t pad_left = 0;
    /// Output rows [begin, end) and columns [0, output_columns); `y` is where row `begin` goes.
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t output_columns = 0;
    float* y = nullptr;
    std::size_t y_row_stride = 0;
    std::size_t y_pixel_stride = 0;
    /// The first is a multiple of a vector's lanes.
    std::size_t first_channel = 0;
    std::size_t channels = 0;
    /// Null, or [end - begin, all channels], to which each row's outputs are added from left to right.
    float* row_sums = nullptr;
};

/// A convolution with one filter per channel, channels last.
class DepthwiseConv {
public:
    /// True if `prepare` takes it: one filter per channel, not taller than 64 rows.
    [[nodiscard]] static bool supports(const Conv2dParameters& parameters);

    /// `weights` [C, 1, kernel_h, kernel_w], `bias` [C] or empty. Errors as `check_conv2d`, or `resource_limit`.
    static Result<DepthwiseConv> prepare(const KernelTable& kernels, const Conv2dParameters& parameters,
                                         std::span<const float> weights, std::span<const float> bias);

    /// Bytes that `run` wants when `mean` is asked for; otherwise it wants none.
    [[nodiscard]] std::size_t mean_scratch_bytes(const MapSize& size) const;

    /// x [N, H, W, C] → y [N, OH, OW, C]. If `mean` [N, C] is not null it gets the average of y over OH × OW: each row
    /// is summed from left to right, then the rows from top to bottom. `scratch` is on a 64-byte boundary.
    void run(const float* x, const MapSize& size, float* y, float* mean, std::span<std::byte> scratch,
             ThreadPool& pool) const;

    /// On the calling thread: the piece that fused steps are made of.
    void run_strip(const DepthwiseStrip& strip) const;
    /// mean [C] = the sum of `rows` row sums [rows, C] over `pixels`.
    void mean_of_rows(const float* row_sums, std::size_t rows, std::size_t pixels, float* mean) const;

    [[nodiscard]] const Conv2dParameters& parameters() const { return parameters_; }
    [[nodiscard]] std::size_t weight_bytes() const { return weights_.bytes() + bias_.bytes(); }

private:
    const KernelTable* kernels_ = nullptr;
    Conv2dParameters parameters_;
    /// [kernel_h, kernel_w, channels padded to whole vectors]
    AlignedBuffer weights_;
    AlignedBuffer bias_;
    std::size_t padded_channels_ = 0;
};

} // namespace detect
