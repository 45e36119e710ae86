// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/inverted_residual.h"
#include "tests/executor/kernels/plain_kernels.h"

/// Convolutions of bytes in plain words, and bytes to try them on.
namespace detect::test {

/// Bytes from the whole range; every other one at an end of it if `extreme`.
template <class T>
std::vector<T> random_bytes(std::size_t count, unsigned seed, bool extreme = false) {
    std::mt19937 generator(seed);
    std::vector<T> values(count);
    for (T& value : values) {
        const auto draw = static_cast<unsigned>(generator());
        value = static_cast<T>(draw);
        if (extreme && (draw >> 8U) % 2 == 0) {
            value = (draw >> 9U) % 4 == 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
        }
    }
    return values;
}

inline std::vector<float> random_scales(std::size_t count, unsigned seed) {
    std::vector<float> scales = random_floats(count, seed);
    for (float& scale : scales) scale = 0.001F + 0.004F * std::abs(scale);
    return scales;
}

/// A byte without its zero point.
inline std::int32_t plain_rounded(float scaled, std::int32_t zero_point) {
    const float low = static_cast<float>(-zero_point);
    const float high = static_cast<float>(255 - zero_point);
    return static_cast<std::int32_t>(std::nearbyint(scaled > low ? std::min(scaled, high) : low));
}

/// Int8Finish in plain words, for one output. `scale`: of a sum.
struct PlainFinish {
    const Int8ConvParameters& p;
    float operator()(std::int32_t sum, float scale, std::optional<float> residual, float residual_scale) const {
        const bool homogeneous = p.shape.activation == Activation::none || p.shape.activation == Activation::relu;
        const float unit = homogeneous && p.output ? p.output->scale : 1.F;
        float x = static_cast<float>(sum) * (scale / (p.rounding ? p.rounding->scale : unit));
        if (p.rounding) {
            x = static_cast<float>(plain_rounded(x, p.rounding->zero_point)) * (p.rounding->scale / unit);
        }
        if (residual) x = x + *residual * (residual_scale / unit);
        const float gate = std::min(std::max(x + 3.F, 0.F), 6.F);
        if (p.shape.activation == Activation::relu) x = std::max(x, 0.F);
        if (p.shape.activation == Activation::hard_sigmoid) x = gate;
        if (p.shape.activation == Activation::hard_swish) x = x * gate;
        if (!p.output) return homogeneous ? x : x * (1.F / 6.F);
        if (!homogeneous) x = x * (1.F / (6.F * p.output->scale));
        return static_cast<float>(plain_rounded(x, p.output->zero_point) + p.output->zero_point);
    }
};

/// Weights and what goes with them.
struct Int8Layer {
    Int8ConvParameters parameters;
    std::vector<std::int8_t> bytes;
    std::vector<float> scales;
    std::vector<float> bias;

    Int8Layer(const Int8ConvParameters& p, unsigned seed, bool extreme = false) : parameters(p) {
        const Conv2dParameters& s = p.shape;
        bytes = random_bytes<std::int8_t>(s.output_channels * (s.input_channels / s.groups) * s.kernel_h * s.kernel_w,
                                          seed, extreme);
        scales = random_scales(s.output_channels, seed + 1);
        bias = random_floats(s.output_channels, seed + 2);
    }
    [[nodiscard]] Int8Weights weights() const { return {bytes, scales, bias, parameters.shape.output_channels}; }
    [[nodiscard]] std::shared_ptr<const Int8Conv> prepare(const Int8Kernels& kernels) const {
        auto conv = Int8Conv::prepare(kernels, parameters, weights());
        return conv.ok() ? std::make_shared<const Int8Conv>(*std::move(conv)) : nullptr;
    }
};

/// The outputs as numbers: bytes or floats. `gate`, `byte_residual` and `float_residual` may be empty.
inline std::vector<float> plain_conv(const Int8Layer& layer, std::span<const std::uint8_t> x, const MapSize& size,
                                     std::span<const float> gate, std::span<const std::uint8_t> byte_residual,
                                     std::span<const float> float_residual) {
    const Int8ConvParameters& p = layer.parameters;
    const Conv2dParameters& s = p.shape;
    const std::size_t height = s.output_height(size.height);
    const std::size_t width = s.output_width(size.width);
    const std::size_t in_group = s.input_channels / s.groups;
    const std::size_t out_group = s.output_channels / s.groups;
    const PlainFinish finish{p};
    const auto input = [&](std::size_t n, std::size_t row, std::size_t column, std::size_t c) -> std::int32_t {
        const std::size_t y = row - s.pad_top;
        const std::size_t at = column - s.pad_left;
        if (y >= size.height || at >= size.width) return p.input.zero_point;
        const std::int32_t byte = x[((n * size.height + y) * size.width + at) * s.input_channels + c];
        if (!p.gated) return byte;
        const float factor = gate[n * s.input_channels + c] * (p.gated->scale / p.input.scale);
        const float scaled = static_cast<float>(byte - p.gated->zero_point) * factor;
        return plain_rounded(scaled, p.input.zero_point) + p.input.zero_point;
    };
    std::vector<float> y;
    for (std::size_t n = 0; n < size.batch; ++n) {
        for (std::size_t row = 0; row < height; ++row) {
            for (std::size_t column = 0; column < width; ++column) {
                for (std::size_t k = 0; k < s.output_channels; ++k) {
                    std::int32_t sum = 0;
                    const std::int8_t* w = layer.bytes.data() + k * in_group * s.kernel_h * s.kernel_w;
                    for (std::size_t c = 0; c < in_group; ++c) {
                        for (std::size_t h = 0; h < s.kernel_h; ++h) {
                            for (std::size_t v = 0; v < s.kernel_w; ++v, ++w) {
                                const std::int32_t byte = input(n, row * s.stride_h + h, column * s.stride_w + v,
                                                                k / out_group * in_group + c);
                                sum += (byte - p.input.zero_point) * *w;
                            }
                        }
                    }
                    std::optional<float> residual;
                    float residual_scale = 1.F;
                    if (!byte_residual.empty()) {
                        residual = static_cast<float>(byte_residual[y.size()] - p.residual->zero_point);
                        residual_scale = p.residual->scale;
                    } else if (!float_residual.empty()) {
                        residual = float_residual[y.size()];
                    }
                    const float scale = p.input.scale * layer.scales[k];
                    sum += static_cast<std::int32_t>(std::nearbyint(layer.bias[k] / scale));
                    y.push_back(finish(sum, scale, residual, residual_scale));
                }
            }
        }
    }
    return y;
}

} // namespace detect::test
