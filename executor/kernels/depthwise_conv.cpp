// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/depthwise_conv.h"

#include "executor/kernels/rounding.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// Bytes of input rows that one step works on, to stay in a first-level cache.
constexpr std::size_t strip_bytes = std::size_t{32} << 10U;
/// Channels beyond this are taken in parts.
constexpr std::size_t most_channels = 128;
constexpr std::size_t channels_at_a_time = 64;
/// Columns that the vector kernel computes together.
constexpr std::size_t columns_at_a_time = 8;
constexpr std::size_t tasks_per_thread = 4;
constexpr std::size_t most_kernel_rows = 64;

} // namespace

bool DepthwiseConv::supports(const Conv2dParameters& parameters) {
    return parameters.is_depthwise() && parameters.kernel_h <= most_kernel_rows;
}

Result<DepthwiseConv> DepthwiseConv::prepare(const KernelTable& kernels, const Conv2dParameters& p,
                                             std::span<const float> weights, std::span<const float> bias) {
    if (auto checked = check_conv2d(p, weights, bias); !checked.ok()) return std::move(checked).error();
    if (!supports(p)) {
        return Error{
            ErrorCode::invalid_argument,
            "cannot prepare a depthwise convolution: it needs one group for each channel and at most 64 kernel "
            "rows; use the general one"};
    }
    DepthwiseConv conv;
    conv.kernels_ = &kernels;
    conv.parameters_ = p;
    conv.padded_channels_ = divide_up(p.input_channels, kernels.lanes) * kernels.lanes;
    const std::size_t taps = p.kernel_h * p.kernel_w;
    auto packed = AlignedBuffer::allocate(taps * conv.padded_channels_);
    if (!packed.ok()) return std::move(packed).error();
    conv.weights_ = *std::move(packed);
    auto padded_bias = AlignedBuffer::allocate(conv.padded_channels_);
    if (!padded_bias.ok()) return std::move(padded_bias).error();
    conv.bias_ = *std::move(padded_bias);
    for (std::size_t c = 0; c < p.input_channels; ++c) {
        for (std::size_t t = 0; t < taps; ++t) {
            conv.weights_.floats()[t * conv.padded_channels_ + c] = weights[c * taps + t];
        }
    }
    std::copy(bias.begin(), bias.end(), conv.bias_.data());
    return conv;
}

std::size_t DepthwiseConv::mean_scratch_bytes(const MapSize& size) const {
    return size.batch * parameters_.output_height(size.height) * parameters_.output_channels * sizeof(float);
}

void DepthwiseConv::run_strip(const DepthwiseStrip& s) const {
    const Conv2dParameters& p = parameters_;
    const std::size_t part = s.channels > most_channels ? channels_at_a_time : s.channels;
    const std::size_t fitting = strip_bytes / (sizeof(float) * part * p.kernel_h * p.stride_w);
    const std::size_t columns = std::max(fitting / columns_at_a_time, std::size_t{1}) * columns_at_a_time;

    std::array<const float*, most_kernel_rows> rows{};
    DepthwiseRow row;
    row.rows = rows.data();
    row.x_columns = s.columns;
    row.x_stride = s.x_pixel_stride;
    row.weight_stride = padded_channels_;
    row.kernel_h = p.kernel_h;
    row.kernel_w = p.kernel_w;
    row.stride = p.stride_w;
    row.dilation = p.dilation_w;
    row.pad_left = s.pad_left;
    row.y_stride = s.y_pixel_stride;
    row.activation = p.activation;
    for (std::size_t c = 0; c < s.channels; c += part) {
        row.channels = std::min(part, s.channels - c);
        row.weights = weights_.data() + s.first_channel + c;
        row.bias = bias_.data() + s.first_channel + c;
        for (row.begin = 0; row.begin < s.output_columns; row.begin = row.end) {
            // The last piece takes what would be less than half a piece of its own.
            row.end = row.begin + columns + columns / 2 >= s.output_columns ? s.output_columns : row.begin + columns;
            for (std::size_t i = s.begin; i < s.end; ++i) {
                for (std::size_t kh = 0; kh < p.kernel_h; ++kh) {
                    // A row above the picture wraps round to something huge.
                    const std::size_t at = i * p.stride_h + kh * p.dilation_h - p.pad_top;
                    rows[kh] = at < s.height ? s.x + at % s.ring * s.x_row_stride + c : nullptr;
                }
                row.y = s.y + (i - s.begin) * s.y_row_stride + c;
                row.sums = s.row_sums == nullptr ? nullptr
                                                 : s.row_sums + (i - s.begin) * p.input_channels + s.first_channel + c;
                kernels_->depthwise_row(row);
            }
        }
    }
}

void DepthwiseConv::mean_of_rows(const float* row_sums, std::size_t rows, std::size_t pixels, float* mean) const {
    const std::size_t channels = parameters_.input_channels;
    for (std::size_t c = 0; c < channels; ++c) {
        // In double: an error of the mean would shift a whole channel behind its gate.
        double sum = 0.0;
        for (std::size_t row = 0; row < rows; ++row) sum += static_cast<double>(row_sums[row * channels + c]);
        mean[c] = static_cast<float>(sum / static_cast<double>(pixels));
    }
}

void DepthwiseConv::run(const float* x, const MapSize& size, float* y, float* mean, std::span<std::byte> scratch,
                        ThreadPool& pool) const {
    const std::size_t channels = parameters_.input_channels;
    const std::size_t output_height = parameters_.output_height(size.height);
    const std::size_t output_width = parameters_.output_width(size.width);
    if (size.batch == 0 || output_height == 0 || output_width == 0) return;
    float* row_sums = mean == nullptr ? nullptr : reinterpret_cast<float*>(scratch.data());

    const std::size_t threads = static_cast<std::size_t>(pool.threads());
    const std::size_t wanted = threads == 1 ? 1 : divide_up(threads * tasks_per_thread, size.batch);
    const std::size_t blocks = std::min(wanted, divide_up(output_height, parameters_.kernel_h));
    pool.parallel_for(size.batch * blocks, 1, [&](std::size_t first, std::size_t last) {
        for (std::size_t task = first; task < last; ++task) {
            const std::size_t n = task / blocks;
            DepthwiseStrip strip;
            strip.x = x + n * size.height * size.width * channels;
            strip.x_row_stride = size.width * channels;
            strip.x_pixel_stride = strip.y_pixel_stride = strip.channels = channels;
            strip.ring = strip.height = size.height;
            strip.columns = size.width;
            strip.pad_left = parameters_.pad_left;
            strip.begin = output_height * (task % blocks) / blocks;
            strip.end = output_height * (task % blocks + 1) / blocks;
            strip.output_columns = output_width;
            strip.y_row_stride = output_width * channels;
            const std::size_t row = n * output_height + strip.begin;
            strip.y = y + row * strip.y_row_stride;
            if (row_sums != nullptr) {
                strip.row_sums = row_sums + row * channels;
                std::fill_n(strip.row_sums, (strip.end - strip.begin) * channels, 0.F);
            }
            run_strip(strip);
        }
    });
    for (std::size_t n = 0; mean != nullptr && n < size.batch; ++n) {
        mean_of_rows(row_sums + n * output_height * channels, output_height, output_height * output_width,
                     mean + n * channels);
    }
}

} // namespace detect
