// SPDX-License-Identifier: Apache-2.0
#include "export/precision/quantized_weights.h"

#include "base/try.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace detect {

namespace {

constexpr float largest_integer = 127.0F;

/// A scale of nothing but zeros.
constexpr float smallest_weight_scale = 1e-20F;

} // namespace

float least_weight_scale(float bias, float input_scale) { return std::abs(bias) / (input_scale * 0x1p30F); }

Result<QuantizedWeight> quantize_weight(const Tensor& weight, std::span<const float> least_scales) {
    const auto channels = static_cast<std::size_t>(weight.dims()[0]);
    const std::span<const float> values = weight.data<float>();
    const std::size_t per_channel = values.size() / channels;
    QuantizedWeight result;
    DETECT_TRY_ASSIGN(result.integers, Tensor::create(DataType::int8, weight.dims()));
    DETECT_TRY_ASSIGN(result.scales, Tensor::create(DataType::float32, {weight.dims()[0]}));
    const auto integers = result.integers.mutable_data<std::int8_t>();
    for (std::size_t c = 0; c < channels; ++c) {
        const auto row = values.subspan(c * per_channel, per_channel);
        float largest = 0.0F;
        for (const float w : row) largest = std::max(largest, std::abs(w));
        const float scale = std::max({largest / largest_integer, least_scales[c], smallest_weight_scale});
        result.scales.mutable_data<float>()[c] = scale;
        std::ranges::transform(row, integers.begin() + static_cast<std::ptrdiff_t>(c * per_channel), [scale](float w) {
            return static_cast<std::int8_t>(std::clamp(std::nearbyint(w / scale), -largest_integer, largest_integer));
        });
    }
    return result;
}

Result<Tensor> dequantize(const QuantizedWeight& weight) {
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create_uninitialised(DataType::float32, weight.integers.dims()));
    const auto integers = weight.integers.data<std::int8_t>();
    const auto scales = weight.scales.data<float>();
    const std::size_t per_channel = integers.size() / scales.size();
    const auto values = result.mutable_data<float>();
    for (std::size_t i = 0; i < integers.size(); ++i)
        values[i] = static_cast<float>(integers[i]) * scales[i / per_channel];
    return result;
}

Result<QuantizedBias> quantize_bias(const Tensor& bias, std::span<const float> correction, float input_scale,
                                    std::span<const float> weight_scales) {
    const std::span<const float> values = bias.data<float>();
    QuantizedBias result;
    DETECT_TRY_ASSIGN(result.integers, Tensor::create(DataType::int32, bias.dims()));
    DETECT_TRY_ASSIGN(result.scales, Tensor::create(DataType::float32, bias.dims()));
    DETECT_TRY_ASSIGN(result.rounded, Tensor::create(DataType::float32, bias.dims()));
    constexpr double most = std::numeric_limits<std::int32_t>::max();
    for (std::size_t c = 0; c < values.size(); ++c) {
        const float scale = input_scale * weight_scales[c];
        const double wanted =
            static_cast<double>(values[c]) + (correction.empty() ? 0.0 : static_cast<double>(correction[c]));
        const auto integer =
            static_cast<std::int32_t>(std::clamp(std::nearbyint(wanted / static_cast<double>(scale)), -most, most));
        result.integers.mutable_data<std::int32_t>()[c] = integer;
        result.scales.mutable_data<float>()[c] = scale;
        result.rounded.mutable_data<float>()[c] = static_cast<float>(integer) * scale;
    }
    return result;
}

} // namespace detect
