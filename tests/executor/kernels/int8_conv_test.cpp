// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/int8_test.h"
#include "tests/executor/kernels/model_layers.h"

namespace detect::test {
namespace {

class Int8ConvTest : public Int8Test {
protected:
    /// Runs the layer with guarded memory at both numbers of threads and compares every output.
    static void compare(const Int8Layer& layer, const MapSize& size, bool extreme, bool with_float_residual = false) {
        const Int8ConvParameters& p = layer.parameters;
        const auto conv = layer.prepare(kernels());
        ASSERT_TRUE(conv != nullptr);
        const Conv2dParameters& s = p.shape;
        const std::size_t pixels = s.output_height(size.height) * s.output_width(size.width);
        const std::size_t outputs = size.batch * pixels * s.output_channels;
        const GuardedBytes<std::uint8_t> x(
            random_bytes<std::uint8_t>(size.batch * size.height * size.width * s.input_channels, 3, extreme));
        std::vector<float> gate = p.gated ? random_floats(size.batch * s.input_channels, 4) : std::vector<float>();
        for (float& g : gate) g = std::abs(g);
        const auto byte_residual = random_bytes<std::uint8_t>(p.residual ? outputs : 0, 5);
        // NaN and infinities among them: bytes have a place for these, too.
        const auto float_residual = special_floats(with_float_residual ? outputs : 0, 6);
        const auto expected = plain_conv(layer, x.values(), size, gate, byte_residual, float_residual);
        ASSERT_EQ(expected.size(), outputs);

        const GuardedBytes<std::uint8_t> bytes(p.output ? outputs : 0);
        const GuardedFloats floats(p.output ? 0 : outputs);
        const GuardedBytes<std::uint8_t> guarded_residual(byte_residual);
        const GuardedFloats guarded_floats(float_residual);
        for (const int threads : {1, 2}) {
            ThreadPool pool(threads);
            const GuardedFloats scratch(conv->scratch_bytes(size, static_cast<std::size_t>(pool.threads())) /
                                        sizeof(float));
            conv->run({.x = x.data(),
                       .gate = gate.empty() ? nullptr : gate.data(),
                       .byte_residual = byte_residual.empty() ? nullptr : guarded_residual.data(),
                       .float_residual = float_residual.empty() ? nullptr : guarded_floats.data(),
                       .bytes = p.output ? bytes.data() : nullptr,
                       .floats = p.output ? nullptr : floats.data()},
                      size, std::as_writable_bytes(scratch.span()), pool);
            for (std::size_t i = 0; i < outputs; ++i) {
                const float found = p.output ? static_cast<float>(bytes.data()[i]) : floats[i];
                ASSERT_TRUE(same_bits(found, expected[i]))
                    << "output " << i << " is " << found << ", expected " << expected[i] << ", threads " << threads;
            }
            EXPECT_TRUE(bytes.intact() && floats.intact() && scratch.intact());
        }
    }

    static Int8ConvParameters pointwise(std::size_t inputs, std::size_t outputs,
                                        Activation activation = Activation::none) {
        return {.shape = conv_layer(inputs, outputs, 1, 1, activation),
                .input = {0.02F, 113},
                .gated = {},
                .rounding = {},
                .residual = {},
                .output = Quantisation{0.7F, 31}};
    }
};

TEST_P(Int8ConvTest, EveryNumberOfRowsColumnsAndTerms) {
    for (const std::size_t pixels : {1U, 2U, 7U, 15U, 16U, 17U, 31U, 32U, 33U, 48U, 49U, 70U}) {
        for (const std::size_t outputs : {1U, 3U, 16U, 19U, 32U, 33U, 50U}) {
            for (const std::size_t inputs : {4U, 60U, 64U, 65U, 100U, 136U}) {
                SCOPED_TRACE(testing::Message() << pixels << " pixels, " << inputs << " -> " << outputs);
                compare(Int8Layer(pointwise(inputs, outputs), 10), {1, 1, pixels}, false);
                if (HasFatalFailure()) return;
            }
        }
    }
}

TEST_P(Int8ConvTest, SumsThatWouldSaturateSixteenBitsDoNot) {
    // 255 · -128 twice is -65280: twice what 16 bits hold.
    for (const std::size_t inputs : {4U, 64U, 200U}) {
        Int8Layer layer(pointwise(inputs, 20), 11, true);
        layer.parameters.output = std::nullopt;
        compare(layer, {1, 5, 9}, true);
        std::ranges::fill(layer.bytes, std::int8_t{-128});
        compare(layer, {1, 5, 9}, true);
    }
}

TEST_P(Int8ConvTest, EveryWayToFinish) {
    for (const Activation activation : all_activations) {
        for (const bool rounded : {false, true}) {
            for (const int residual : {0, 1, 2}) {
                for (const bool bytes : {false, true}) {
                    Int8ConvParameters p = pointwise(24, 21, activation);
                    if (rounded) p.rounding = Quantisation{0.4F, 128};
                    if (residual == 1) p.residual = Quantisation{0.05F, 77};
                    p.output = bytes ? std::optional(Quantisation{0.3F, 12}) : std::nullopt;
                    compare(Int8Layer(p, 12), {2, 4, 5}, false, residual == 2);
                }
            }
        }
    }
}

TEST_P(Int8ConvTest, GatesAreFoldedIntoTheInput) {
    Int8ConvParameters p = pointwise(72, 40);
    p.gated = Quantisation{0.03F, 9};
    p.residual = Quantisation{0.05F, 77};
    compare(Int8Layer(p, 13), {3, 7, 23}, true);
}

TEST_P(Int8ConvTest, LongSumsAreTakenInParts) {
    compare(Int8Layer(pointwise(2048 + 1024 + 68, 290), 14), {1, 1, 45}, true);
    compare(Int8Layer(pointwise(2100, 35), 15), {1, 1, 540}, false);
}

TEST_P(Int8ConvTest, WindowsSeeTheZeroPointInThePadding) {
    for (const std::size_t channels : {4U, 64U, 68U}) {
        Int8ConvParameters p = pointwise(channels, 37, Activation::relu);
        p.shape = conv_layer(channels, 37, 3, 1, Activation::relu);
        compare(Int8Layer(p, 16), {2, 13, 9}, false);
        compare(Int8Layer(p, 16), {1, 1, 1}, true);
        p.shape.pad_left = 2;
        p.shape.pad_bottom = 0;
        compare(Int8Layer(p, 17), {1, 6, 40}, false);
    }
    Int8ConvParameters large = pointwise(16, 8);
    large.shape = conv_layer(16, 8, 5, 1, Activation::none);
    compare(Int8Layer(large, 18), {1, 70, 21}, true);
}

TEST_P(Int8ConvTest, NothingToDoIsDone) {
    compare(Int8Layer(pointwise(16, 8), 19), {0, 4, 4}, false);
    compare(Int8Layer(pointwise(16, 8), 19), {1, 0, 4}, false);
}

TEST_P(Int8ConvTest, WhatCannotBeDoneIsRefused) {
    Int8Layer strided(pointwise(16, 8), 20);
    strided.parameters.shape.stride_h = 2;
    EXPECT_EQ(strided.prepare(kernels()), nullptr);
    Int8Layer unreadable(pointwise(3, 8), 20);
    EXPECT_EQ(unreadable.prepare(kernels()), nullptr);
    Int8Layer too_long(pointwise(16, 8), 20);
    too_long.bytes.resize(130);
    EXPECT_EQ(too_long.prepare(kernels()), nullptr);
    EXPECT_FALSE(Int8Matrix::supports(kernels(), 20000, 1));
    Int8Layer huge_bias(pointwise(16, 8), 20);
    huge_bias.bias[3] = 1e7F;
    EXPECT_EQ(huge_bias.prepare(kernels()), nullptr);
}

INSTANTIATE_FOR_INT8_KERNELS(Int8ConvTest);

class Int8ElementwiseTest : public Int8Test {};

TEST_P(Int8ElementwiseTest, QuantisesAndDequantises) {
    const Quantisation q{0.01F, 100};
    for (std::size_t count = 0; count < 40; ++count) {
        std::vector<float> values = random_floats(count, 1);
        for (float& v : values) v *= 2.F;
        // Halves go to the even neighbour; what is too large saturates.
        for (std::size_t i = 0; i < count && i < 4; ++i) {
            values[i] = std::array{1e30F, -1e30F, std::numeric_limits<float>::infinity(), 0.F}[i];
        }
        const GuardedFloats x(values);
        const GuardedBytes<std::uint8_t> y(count);
        const GuardedFloats back(count);
        kernels().quantise(x.data(), count, q, y.data());
        kernels().dequantise(y.data(), count, q, back.data());
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(y.data()[i], plain_rounded(values[i] * (1.F / q.scale), q.zero_point) + q.zero_point);
            ASSERT_EQ(back[i], static_cast<float>(y.data()[i] - q.zero_point) * q.scale);
        }
        EXPECT_TRUE(y.intact() && back.intact());
    }
    const std::vector<float> halves{0.5F, 1.5F, 2.5F, -0.5F, -1.5F};
    std::vector<std::uint8_t> rounded(halves.size());
    kernels().quantise(halves.data(), halves.size(), {1.F, 128}, rounded.data());
    EXPECT_EQ(rounded, (std::vector<std::uint8_t>{128, 130, 130, 128, 126}));
}

TEST_P(Int8ElementwiseTest, NanIsTheLowestByte) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t count = 1; count < 40; ++count) {
        const std::vector<float> nans(count, nan);
        std::vector<std::uint8_t> bytes(count, 77);
        kernels().quantise(nans.data(), count, {0.01F, 100}, bytes.data());
        EXPECT_EQ(bytes, std::vector<std::uint8_t>(count, 0)) << count;
        bytes.assign(count, 77);
        kernels().rescale(bytes.data(), 1, count, 3, nans.data(), 100, bytes.data());
        EXPECT_EQ(bytes, std::vector<std::uint8_t>(count, 0)) << count;
    }
}

INSTANTIATE_FOR_INT8_KERNELS(Int8ElementwiseTest);

TEST(Int8Kernels, AreCompleteAndTheBestComesFirst) {
    ASSERT_FALSE(available_int8_kernels().empty());
    EXPECT_EQ(available_int8_kernels().front(), &int8_kernels(detect_isa()));
    EXPECT_EQ(available_int8_kernels().back(), &int8_kernels(Isa::portable));
    for (const Int8Kernels* k : available_int8_kernels()) {
        EXPECT_TRUE(k->product && k->depthwise && k->quantise && k->dequantise && k->rescale);
    }
}

} // namespace
} // namespace detect::test
