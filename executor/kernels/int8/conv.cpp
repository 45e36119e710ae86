// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/conv.h"

#include "base/try.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// Positions of the padded picture, and their rows of C, that a band may have.
constexpr std::size_t positions_at_a_time = 1024;
constexpr std::size_t most_taps = 64;

} // namespace

/// As in SplitConv: positions are counted along the rows of the padded picture, so that the inputs of a tap lie a fixed
/// way from those of the first one. Outputs at the end of a row, where the kernel would reach into the next, are
/// computed and dropped.
struct Int8Conv::Layout {
    std::size_t output_height = 0;
    std::size_t output_width = 0;
    std::size_t padded_width = 0;
    std::size_t bands = 0;
    std::size_t band_rows = 0;
    std::size_t map_bytes = 0;
    std::size_t rows_of_c_bytes = 0;
    [[nodiscard]] std::size_t worker_bytes() const { return map_bytes + rows_of_c_bytes; }
};

bool Int8Conv::supports(const Int8Kernels& kernels, const Conv2dParameters& p) {
    if (p.groups != 1) return Int8Depthwise::supports(p);
    const bool dense = p.stride_h == 1 && p.stride_w == 1 && p.dilation_h == 1 && p.dilation_w == 1;
    const std::size_t taps = p.kernel_h <= most_taps && p.kernel_w <= most_taps ? p.kernel_h * p.kernel_w : 0;
    return dense && taps <= most_taps && Int8Matrix::supports(kernels, p.input_channels, taps);
}

Result<Int8Conv> Int8Conv::prepare(const Int8Kernels& kernels, const Int8ConvParameters& parameters,
                                   const Int8Weights& weights) {
    const Conv2dParameters& p = parameters.shape;
    if (!supports(kernels, p) || weights.outputs != p.output_channels) {
        return Error{ErrorCode::invalid_argument, "cannot prepare a convolution of bytes of this kind"};
    }
    Int8Conv conv;
    conv.parameters_ = parameters;
    if (p.is_depthwise()) {
        DETECT_TRY_ASSIGN(conv.weights_,
                          Int8Depthwise::prepare(kernels, p, weights, parameters.input, parameters.sum_unit()));
        return conv;
    }
    const std::size_t taps = p.kernel_h * p.kernel_w;
    DETECT_TRY_ASSIGN(conv.weights_, Int8Matrix::pack(kernels, weights, taps, p.is_pointwise(), parameters.input,
                                                      parameters.sum_unit()));
    return conv;
}

std::size_t Int8Conv::weight_bytes() const {
    return std::visit([](const auto& weights) { return weights.bytes(); }, weights_);
}

Int8Finish Int8Conv::finish() const {
    Int8Finish f;
    f.unit = parameters_.unit();
    f.activation = parameters_.shape.activation;
    f.rounded = parameters_.rounding.has_value();
    f.rounding = parameters_.rounding.value_or(Quantisation{});
    f.residual = parameters_.residual.value_or(Quantisation{});
    f.output = parameters_.output.value_or(Quantisation{});
    f.stride = f.residual_stride = parameters_.shape.output_channels;
    return f;
}

Int8Finish Int8Conv::finish_at(const Int8ConvData& data, std::size_t pixel) const {
    Int8Finish f = finish();
    const std::size_t at = pixel * f.stride;
    if (data.bytes != nullptr) f.bytes = data.bytes + at;
    if (data.floats != nullptr) f.floats = data.floats + at;
    if (data.byte_residual != nullptr) f.byte_residual = data.byte_residual + at;
    if (data.float_residual != nullptr) f.float_residual = data.float_residual + at;
    return f;
}

std::size_t Int8Conv::factor_bytes() const {
    return parameters_.gated ? whole_lines(parameters_.shape.input_channels) * sizeof(float) : 0;
}

Int8Conv::Layout Int8Conv::layout(const MapSize& size, std::size_t threads) const {
    const Conv2dParameters& p = parameters_.shape;
    Layout l;
    l.output_height = p.output_height(size.height);
    l.output_width = p.output_width(size.width);
    if (l.output_height == 0 || l.output_width == 0 || size.batch == 0) return l;
    l.padded_width = size.width + p.pad_left + p.pad_right;
    const std::size_t wanted = divide_up(l.output_height * l.padded_width, positions_at_a_time);
    l.bands = std::min(std::max(wanted, size.batch >= threads ? std::size_t{1} : threads), l.output_height);
    l.band_rows = divide_up(l.output_height, l.bands);
    l.map_bytes = round_up((l.band_rows + p.kernel_h - 1) * l.padded_width * p.input_channels, cache_line_bytes);
    l.rows_of_c_bytes = round_up(l.band_rows * l.padded_width * sizeof(std::int32_t), cache_line_bytes);
    return l;
}

std::size_t Int8Conv::scratch_bytes(const MapSize& size, std::size_t threads) const {
    if (!parameters_.shape.is_pointwise()) return threads * layout(size, threads).worker_bytes();
    const bool gated = parameters_.gated.has_value();
    const std::size_t pixels = size.height * size.width;
    return factor_bytes() + int8_gemm_scratch_bytes(*matrix(), gated ? pixels : size.batch * pixels, gated, threads);
}

void Int8Conv::run(const Int8ConvData& data, const MapSize& size, std::span<std::byte> scratch,
                   ThreadPool& pool) const {
    if (parameters_.shape.is_pointwise()) {
        run_pointwise(data, size, scratch, pool);
    } else {
        run_windows(data, size, scratch, pool);
    }
}

void Int8Conv::run_pointwise(const Int8ConvData& data, const MapSize& size, std::span<std::byte> scratch,
                             ThreadPool& pool) const {
    const std::size_t inputs = parameters_.shape.input_channels;
    const std::size_t pixels = size.height * size.width;
    if (!parameters_.gated) {
        int8_gemm(*matrix(), data.x, inputs, size.batch * pixels, finish_at(data, 0), {}, scratch, pool);
        return;
    }
    auto* const factor = reinterpret_cast<float*>(scratch.data());
    const float scale = parameters_.gated->scale / parameters_.input.scale;
    for (std::size_t n = 0; n < size.batch; ++n) {
        for (std::size_t c = 0; c < inputs; ++c) factor[c] = data.gate[n * inputs + c] * scale;
        const Int8Rescale rescale{factor, parameters_.gated->zero_point, parameters_.input.zero_point};
        int8_gemm(*matrix(), data.x + n * pixels * inputs, inputs, pixels, finish_at(data, n * pixels), rescale,
                  scratch.subspan(factor_bytes()), pool);
    }
}

void Int8Conv::run_windows(const Int8ConvData& data, const MapSize& size, std::span<std::byte> scratch,
                           ThreadPool& pool) const {
    const Layout l = layout(size, static_cast<std::size_t>(pool.threads()));
    if (l.bands == 0) return;
    const Conv2dParameters& p = parameters_.shape;
    const std::size_t channels = p.input_channels;
    const auto padding = static_cast<std::uint8_t>(parameters_.input.zero_point);
    std::array<std::size_t, most_taps> all_taps;
    const std::span taps = std::span(all_taps).first(p.kernel_h * p.kernel_w);
    for (std::size_t t = 0; t < taps.size(); ++t) {
        taps[t] = (t / p.kernel_w * l.padded_width + t % p.kernel_w) * channels;
    }
    pool.for_each_task(size.batch * l.bands, [&](std::size_t task, std::size_t worker) {
        const std::size_t picture = task / l.bands;
        const std::size_t first = l.output_height * (task % l.bands) / l.bands;
        const std::size_t rows = l.output_height * (task % l.bands + 1) / l.bands - first;
        auto* const map = reinterpret_cast<std::uint8_t*>(scratch.data() + worker * l.worker_bytes());
        auto* const rows_of_c = reinterpret_cast<std::int32_t*>(map + l.map_bytes);
        const std::uint8_t* const x = data.x + picture * size.height * size.width * channels;
        for (std::size_t row = 0; row < rows + p.kernel_h - 1; ++row) {
            std::uint8_t* const to = map + row * l.padded_width * channels;
            // What lies before the picture wraps round to something huge.
            const std::size_t y = first + row - p.pad_top;
            if (y >= size.height) {
                std::fill_n(to, l.padded_width * channels, padding);
                continue;
            }
            std::fill_n(to, p.pad_left * channels, padding);
            std::copy_n(x + y * size.width * channels, size.width * channels, to + p.pad_left * channels);
            std::fill_n(to + (p.pad_left + size.width) * channels, p.pad_right * channels, padding);
        }
        const std::size_t positions = (rows - 1) * l.padded_width + l.output_width;
        for (std::size_t i = 0; i < positions; ++i) {
            const std::size_t column = i % l.padded_width;
            rows_of_c[i] =
                column < l.output_width ? static_cast<std::int32_t>(i / l.padded_width * l.output_width + column) : -1;
        }
        const std::size_t pixel = (picture * l.output_height + first) * l.output_width;
        int8_gemm_rows(*matrix(), map, channels, positions, taps, rows_of_c, finish_at(data, pixel));
    });
}

} // namespace detect
