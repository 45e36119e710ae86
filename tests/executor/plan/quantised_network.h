// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

#include <map>
#include <random>
#include <string>

/// Quantised graphs (QuantizeLinear and DequantizeLinear around float operators) as exporters write them. Scales are
/// powers of two: then sums, and all that follows but for hard-swish and gates, are exact in single precision, in any
/// order.
namespace detect::test {

class QuantisedBuilder {
public:
    /// `is_signed`: signed activations with zero point 0, else unsigned ones.
    explicit QuantisedBuilder(bool is_signed, int opset = 17) : signed_(is_signed) { b_.graph().opset = opset; }

    [[nodiscard]] GraphBuilder& builder() { return b_; }

    /// Q → DQ.
    ValueId rounded(ValueId x, float scale, int zero_point) {
        const ValueId of_scale = b_.constant("scale", Tensor::scalar(scale));
        const ValueId zero = signed_ ? b_.constant("zero", Tensor::scalar<std::int8_t>(0))
                                     : b_.constant("zero", Tensor::scalar(static_cast<std::uint8_t>(zero_point)));
        const ValueId bytes = b_.node("QuantizeLinear", {x, of_scale, zero});
        return known(b_.node("DequantizeLinear", {bytes, of_scale, zero}), scale);
    }
    /// Says that a value has been dequantised from this scale.
    ValueId known(ValueId x, float scale) {
        scales_[x.index] = scale;
        return x;
    }

    /// Trained bytes of any sizes, a scale for each of the first; and biases counted in the products of both scales.
    /// For an x that is rounded.
    std::vector<ValueId> trained(ValueId x, const Dims& dims) {
        Tensor bytes = Tensor::create(DataType::int8, dims).value();
        for (std::int8_t& byte : bytes.mutable_data<std::int8_t>()) {
            byte = static_cast<std::int8_t>(static_cast<int>(random_() % 255U) - 127);
        }
        Tensor scales = Tensor::create(DataType::float32, {dims[0]}).value();
        Tensor sums = Tensor::create(DataType::int32, {dims[0]}).value();
        Tensor sum_scales = Tensor::create(DataType::float32, {dims[0]}).value();
        for (std::size_t i = 0; i < static_cast<std::size_t>(dims[0]); ++i) {
            const float scale = random_() % 2 == 0 ? 1.F / 256.F : 1.F / 512.F;
            scales.mutable_data<float>()[i] = scale;
            sum_scales.mutable_data<float>()[i] = scale * scales_.at(x.index);
            sums.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(random_() % 16384U) - 8192;
        }
        const auto unpacked = [&](const std::string& name, const Tensor& values, const Tensor& of_scale) {
            const ValueId zeros = b_.constant(name + "_zero", Tensor::create(values.type(), {dims[0]}).value());
            return b_.node("DequantizeLinear",
                           {b_.constant(name, values), b_.constant(name + "_scale", of_scale), zeros},
                           {{"axis", std::int64_t{0}}});
        };
        return {x, unpacked("w", bytes, scales), unpacked("b", sums, sum_scales)};
    }

    /// Convolution with padding that keeps sizes at stride 1. Depthwise if `outputs` is 0.
    ValueId convolution(ValueId x, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
                        std::int64_t stride = 1) {
        const bool depthwise = outputs == 0;
        const std::int64_t pad = kernel / 2;
        const Dims dims{depthwise ? inputs : outputs, depthwise ? 1 : inputs, kernel, kernel};
        return b_.node("Conv", trained(x, dims),
                       {{"kernel_shape", std::vector<std::int64_t>{kernel, kernel}},
                        {"pads", std::vector<std::int64_t>{pad, pad, pad, pad}},
                        {"strides", std::vector<std::int64_t>{stride, stride}},
                        {"group", depthwise ? inputs : std::int64_t{1}}});
    }

    ValueId linear(ValueId x, std::int64_t inputs, std::int64_t outputs) {
        return b_.node("Gemm", trained(x, {outputs, inputs}), {{"transB", std::int64_t{1}}});
    }

private:
    ParameterMap none_;
    GraphBuilder b_{none_};
    bool signed_;
    std::mt19937 random_{7};
    std::map<std::int32_t, float> scales_;
};

/// Multiples of 1/64 in [-1, 1).
inline Tensor picture_of_steps(const Dims& dims, unsigned seed) {
    std::mt19937 random(seed);
    Tensor tensor = Tensor::create(DataType::float32, dims).value();
    for (float& x : tensor.mutable_data<float>()) x = static_cast<float>(static_cast<int>(random() % 128U) - 64) / 64.F;
    return tensor;
}

} // namespace detect::test
