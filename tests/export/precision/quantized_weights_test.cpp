// SPDX-License-Identifier: Apache-2.0
// Weights and biases as integers.

#include "export/precision/quantized_weights.h"

#include "tests/support/require.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::Pointwise;

constexpr std::array<float, 3> no_limits{};

TEST(QuantizedWeight, EveryChannelHasItsOwnScale) {
    const Tensor weight = Tensor::of<float>({2, 2, 1, 1}, {1.27F, -0.634F, 0.02F, -0.0127F});
    const QuantizedWeight q = require(quantize_weight(weight, no_limits));
    EXPECT_EQ(q.integers.dims(), weight.dims());
    EXPECT_THAT(q.scales.data<float>(), ElementsAre(FloatEq(1.27F / 127.0F), FloatEq(0.02F / 127.0F)));
    // -0.634 / 0.01 = -63.4; -0.0127 / (0.02 / 127) = -80.6
    EXPECT_THAT(q.integers.data<std::int8_t>(), ElementsAre(127, -63, 127, -81));
    const Tensor back = require(dequantize(q));
    EXPECT_THAT(back.data<float>(),
                ElementsAre(FloatEq(1.27F), FloatEq(-0.63F), FloatEq(0.02F), FloatEq(-81 * 0.02F / 127)));
}

TEST(QuantizedWeight, NeverUsesMinus128) {
    const Tensor weight = Tensor::of<float>({1, 3}, {-1.0F, 1.0F, 0.5F});
    const QuantizedWeight q = require(quantize_weight(weight, no_limits));
    EXPECT_THAT(q.integers.data<std::int8_t>(), ElementsAre(-127, 127, 64));
}

TEST(QuantizedBias, HasTheScaleOfTheSums) {
    const Tensor bias = Tensor::of<float>({2}, {0.5F, -3.0F});
    const std::array<float, 2> weight_scales{0.01F, 0.02F};
    const std::array<float, 2> correction{0.001F, 1.0F};
    const QuantizedBias q = require(quantize_bias(bias, correction, 0.1F, weight_scales));
    EXPECT_THAT(q.scales.data<float>(), ElementsAre(FloatEq(0.001F), FloatEq(0.002F)));
    EXPECT_THAT(q.integers.data<std::int32_t>(), ElementsAre(501, -1000));
    EXPECT_THAT(q.rounded.data<float>(), ElementsAre(FloatEq(0.501F), FloatEq(-2.0F)));
    const QuantizedBias plain = require(quantize_bias(bias, {}, 0.1F, weight_scales));
    EXPECT_THAT(plain.integers.data<std::int32_t>(), ElementsAre(500, -1500));
}

/// Batch normalisation often leaves channels that are nothing but their bias.
TEST(QuantizedBias, OfAChannelWithoutWeightsIsNotLost) {
    const Tensor weight = Tensor::of<float>({3, 2}, {0.0F, 0.0F, 1e-30F, -1e-31F, 0.5F, 0.25F});
    const Tensor bias = Tensor::of<float>({3}, {7.5F, -0.25F, 1.0F});
    constexpr float input_scale = 0.04F;
    std::array<float, 3> least{};
    for (std::size_t c = 0; c < 3; ++c) least[c] = least_weight_scale(bias.data<float>()[c], input_scale);
    const QuantizedWeight q = require(quantize_weight(weight, least));
    const QuantizedBias b = require(quantize_bias(bias, {}, input_scale, q.scales.data<float>()));
    EXPECT_THAT(b.rounded.data<float>(), ElementsAre(testing::FloatNear(7.5F, 1e-6F), testing::FloatNear(-0.25F, 1e-6F),
                                                     testing::FloatNear(1.0F, 1e-3F)));
    // What has weights keeps its scale.
    EXPECT_FLOAT_EQ(q.scales.data<float>()[2], 0.5F / 127.0F);
    EXPECT_THAT(q.integers.data<std::int8_t>(), ElementsAre(0, 0, 0, 0, 127, 64));
}

} // namespace
} // namespace detect::test
