// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/int8_test.h"
#include "tests/executor/kernels/model_layers.h"

namespace detect::test {
namespace {

std::vector<ModelBlock> blocks() {
    std::vector<ModelBlock> all = model_blocks();
    for (ModelBlock& block : all) {
        block.height = 17;
        block.width = 14;
    }
    constexpr auto relu = Activation::relu;
    constexpr auto swish = Activation::hard_swish;
    all.push_back({"one_pixel", 16, 64, 24, 3, 2, relu, false, 1, 1});
    all.push_back({"lower_than_a_window", 24, 72, 40, 5, 2, relu, true, 2, 300});
    all.push_back({"narrower_than_a_window", 24, 72, 40, 5, 1, relu, true, 60, 1});
    all.push_back({"odd_channels", 8, 68, 3, 3, 1, swish, false, 40, 61});
    return all;
}

class Int8InvertedResidualTest : public testing::TestWithParam<std::tuple<const Int8Kernels*, std::size_t>> {
protected:
    static constexpr Quantisation x_{0.03F, 120};
    static constexpr Quantisation expanded_{0.5F, 0};
    static constexpr Quantisation depthwise_{0.8F, 7};

    [[nodiscard]] static Int8ConvParameters layer(const Conv2dParameters& shape, const Quantisation& input,
                                                  const Quantisation& output) {
        return {.shape = shape, .input = input, .gated = {}, .rounding = {}, .residual = {}, .output = output};
    }

    /// All steps, or without the first or the last.
    void compare(bool expands, bool projects, std::size_t batch, int threads) const {
        const Int8Kernels& kernels = *std::get<0>(GetParam());
        const Int8Layer expand(layer(conv_layer(b_.inputs, b_.expanded, 1, 1, b_.activation), x_, expanded_), 1);
        const Int8Layer depthwise(
            layer(depthwise_layer(b_.expanded, b_.kernel, b_.stride, b_.activation), expanded_, depthwise_), 2, true);
        Int8ConvParameters projecting =
            layer(conv_layer(b_.expanded, b_.outputs, 1, 1, Activation::none), depthwise_, x_);
        projecting.rounding = Quantisation{4.F, 110};
        projecting.residual = Quantisation{0.9F, 140};
        projecting.output = Quantisation{5.F, 90};
        const Int8Layer project(projecting, 3);
        const auto block =
            Int8InvertedResidual::make({expands ? expand.prepare(kernels) : nullptr, depthwise.prepare(kernels),
                                        projects ? project.prepare(kernels) : nullptr});
        ASSERT_TRUE(block.has_value());

        const MapSize size{batch, b_.height, b_.width};
        const Conv2dParameters& shape = depthwise.parameters.shape;
        const MapSize output{batch, shape.output_height(b_.height), shape.output_width(b_.width)};
        const std::size_t out_pixels = output.height * output.width;
        const auto pixels = [](const MapSize& s) { return s.batch * s.height * s.width; };
        const GuardedBytes<std::uint8_t> x(
            random_bytes<std::uint8_t>(pixels(size) * (expands ? b_.inputs : b_.expanded), 4));
        const GuardedBytes<std::uint8_t> residual(
            random_bytes<std::uint8_t>(projects ? pixels(output) * b_.outputs : 0, 5));
        const auto as_bytes = [](const std::vector<float>& numbers) {
            return std::vector<std::uint8_t>(numbers.begin(), numbers.end());
        };
        std::vector<std::uint8_t> expected = x.values();
        if (expands) expected = as_bytes(plain_conv(expand, expected, size, {}, {}, {}));
        expected = as_bytes(plain_conv(depthwise, expected, size, {}, {}, {}));
        std::vector<float> expected_mean(batch * b_.expanded);
        for (std::size_t n = 0; n < batch; ++n) {
            for (std::size_t c = 0; c < b_.expanded; ++c) {
                std::int64_t sum = 0;
                for (std::size_t p = 0; p < out_pixels; ++p) {
                    sum += expected[(n * out_pixels + p) * b_.expanded + c] - depthwise_.zero_point;
                }
                expected_mean[n * b_.expanded + c] =
                    static_cast<float>(sum) * (depthwise_.scale / static_cast<float>(out_pixels));
            }
        }
        if (projects) expected = as_bytes(plain_conv(project, expected, output, {}, residual.values(), {}));

        ThreadPool pool(threads);
        const GuardedBytes<std::uint8_t> y(expected.size());
        const GuardedFloats mean(expected_mean.size());
        const GuardedFloats scratch(
            block->scratch_bytes(size, static_cast<std::size_t>(pool.threads())) / sizeof(float), 321.F);
        block->run({.x = x.data(), .byte_residual = projects ? residual.data() : nullptr, .bytes = y.data()}, size,
                   mean.data(), std::as_writable_bytes(scratch.span()), pool);
        const std::vector<std::uint8_t> found = y.values();
        const auto same = std::ranges::mismatch(found, expected).in1 - found.begin();
        ASSERT_EQ(same, static_cast<std::ptrdiff_t>(expected.size()));
        EXPECT_SAME_BITS(mean.data(), expected_mean.data(), expected_mean.size());
        EXPECT_TRUE(y.intact() && mean.intact() && scratch.intact());
    }

    ModelBlock b_ = blocks()[std::get<1>(GetParam())];
};

TEST_P(Int8InvertedResidualTest, GivesTheBitsOfItsStepsOneAfterTheOther) {
    compare(true, true, 2, 2);
    compare(true, false, 1, 1);
    compare(false, true, 1, 2);
    compare(false, false, 2, 2);
}

INSTANTIATE_TEST_SUITE_P(All, Int8InvertedResidualTest,
                         testing::Combine(testing::ValuesIn(available_int8_kernels().begin(),
                                                            available_int8_kernels().end()),
                                          testing::Range(std::size_t{0}, blocks().size())),
                         [](const auto& test) {
                             return std::string(std::get<0>(test.param)->name) + "_" +
                                    blocks()[std::get<1>(test.param)].name;
                         });

TEST(Int8InvertedResidual, StepsThatDoNotFitTogetherAreNotFused) {
    const Int8Kernels& kernels = int8_kernels(Isa::portable);
    const auto conv = [&](const Conv2dParameters& shape, const Quantisation& input, const Quantisation& output) {
        return Int8Layer(
                   {.shape = shape, .input = input, .gated = {}, .rounding = {}, .residual = {}, .output = output}, 1)
            .prepare(kernels);
    };
    constexpr auto none = Activation::none;
    constexpr Quantisation a{1.F, 0};
    constexpr Quantisation b{2.F, 0};
    const auto expand = conv(conv_layer(8, 24, 1, 1, none), a, b);
    const auto depthwise = conv(depthwise_layer(24, 3, 1, none), b, a);
    EXPECT_TRUE(Int8InvertedResidual::make({expand, depthwise, nullptr}).has_value());
    EXPECT_FALSE(
        Int8InvertedResidual::make({expand, conv(depthwise_layer(24, 3, 1, none), a, a), nullptr}).has_value());
    EXPECT_FALSE(
        Int8InvertedResidual::make({expand, depthwise, conv(conv_layer(24, 8, 1, 1, none), b, a)}).has_value());
    EXPECT_FALSE(
        Int8InvertedResidual::make({expand, conv(depthwise_layer(20, 3, 1, none), b, a), nullptr}).has_value());
    EXPECT_FALSE(Int8InvertedResidual::make({expand, nullptr, nullptr}).has_value());
    EXPECT_FALSE(Int8InvertedResidual::make({expand, expand, nullptr}).has_value());
}

} // namespace
} // namespace detect::test
