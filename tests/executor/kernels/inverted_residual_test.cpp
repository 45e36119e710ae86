// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/model_layers.h"
#include "tests/executor/kernels/seeded_convolution.h"

namespace detect::test {
namespace {

std::vector<ModelBlock> blocks() {
    std::vector<ModelBlock> all = model_blocks();
    for (ModelBlock& block : all) {
        block.height = 23;
        block.width = 19;
    }
    constexpr auto relu = Activation::relu;
    constexpr auto swish = Activation::hard_swish;
    all.push_back({"one_pixel", 16, 64, 24, 3, 2, relu, false, 1, 1});
    all.push_back({"lower_than_a_window", 24, 72, 40, 5, 2, relu, true, 2, 300});
    all.push_back({"narrower_than_a_window", 24, 72, 40, 5, 1, relu, true, 60, 1});
    all.push_back({"odd_channels", 5, 19, 3, 3, 1, swish, false, 40, 61});
    // Rows so wide that they are cut into strips of columns, or (the second half of a test) groups of channels.
    all.push_back({"wide", 3, 99, 5, 3, 1, swish, false, 9, 560});
    all.push_back({"wide_5x5_stride_2", 3, 72, 7, 5, 2, relu, false, 11, 471});
    return all;
}

class InvertedResidualTest : public testing::TestWithParam<std::tuple<Isa, std::size_t>> {
protected:
    void SetUp() override {
        const auto& kernels = kernel_table(std::get<0>(GetParam()));
        expand_ = prepare(kernels, conv_layer(b_.inputs, b_.expanded, 1, 1, b_.activation), 1);
        depthwise_ = prepare(kernels, depthwise_layer(b_.expanded, b_.kernel, b_.stride, b_.activation), 2);
        project_ = prepare(kernels, conv_layer(b_.expanded, b_.outputs, 1, 1, Activation::none), 3);
        ASSERT_TRUE(expand_ && depthwise_ && project_);
    }

    [[nodiscard]] MapSize input(std::size_t batch) const { return {batch, b_.height, b_.width}; }
    [[nodiscard]] MapSize output(std::size_t batch) const {
        const Conv2dParameters& p = depthwise_->parameters();
        return {batch, p.output_height(b_.height), p.output_width(b_.width)};
    }
    static std::size_t floats(const MapSize& size, std::size_t channels) {
        return size.batch * size.height * size.width * channels;
    }
    std::vector<float> step(const Conv2d& conv, std::span<const float> x, const MapSize& size,
                            const Conv2dExtras& extras) {
        const Conv2dParameters& p = conv.parameters();
        std::vector<float> y(size.batch * p.output_height(size.height) * p.output_width(size.width) *
                             p.output_channels);
        const GuardedFloats scratch(conv.scratch_bytes(size, 1) / sizeof(float));
        conv.run(x.data(), size, y.data(), extras, std::as_writable_bytes(scratch.span()), pool_);
        return y;
    }

    /// Runs the fused block and its steps one by one on `x` and compares every bit.
    void compare(const InvertedResidual::Steps& used, std::span<const float> values, std::size_t batch, int threads) {
        const auto block = InvertedResidual::make(used);
        ASSERT_TRUE(block.has_value());
        const MapSize size = input(batch);
        const GuardedFloats x(values);
        std::vector<float> expected(values.begin(), values.end());
        if (used.expand != nullptr) expected = step(*used.expand, expected, size, {});
        std::vector<float> expected_mean(batch * b_.expanded);
        expected = step(*used.depthwise, expected, size, {.mean = expected_mean.data()});
        const GuardedFloats residual(random_floats(floats(output(batch), b_.outputs), 7));
        if (used.project != nullptr)
            expected = step(*used.project, expected, output(batch), {.residual = residual.data()});

        ThreadPool pool(threads);
        const GuardedFloats y(expected.size(), 123.F);
        const GuardedFloats mean(expected_mean.size(), 123.F);
        const GuardedFloats scratch(
            block->scratch_bytes(size, static_cast<std::size_t>(pool.threads())) / sizeof(float), 321.F);
        block->run(x.data(), size, y.data(), used.project == nullptr ? nullptr : residual.data(), mean.data(),
                   std::as_writable_bytes(scratch.span()), pool);
        EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
        EXPECT_SAME_BITS(mean.data(), expected_mean.data(), expected_mean.size());
        EXPECT_TRUE(y.intact() && mean.intact() && scratch.intact());
    }

    ModelBlock b_ = blocks()[std::get<1>(GetParam())];
    std::shared_ptr<const Conv2d> expand_;
    std::shared_ptr<const Conv2d> depthwise_;
    std::shared_ptr<const Conv2d> project_;
    ThreadPool pool_{1};
};

TEST_P(InvertedResidualTest, GivesTheBitsOfItsSteps) {
    const auto x = random_floats(floats(input(2), b_.inputs), 5);
    for (const int threads : {1, 2}) {
        compare({expand_, depthwise_, project_}, x, 2, threads);
        compare({expand_, depthwise_, nullptr}, x, 2, threads);
    }
    const auto expanded = random_floats(floats(input(1), b_.expanded), 6);
    compare({nullptr, depthwise_, project_}, expanded, 1, 2);
}

TEST_P(InvertedResidualTest, SpecialValuesComeOutAsInItsSteps) {
    const auto x = special_floats(floats(input(1), b_.inputs), 8);
    compare({expand_, depthwise_, project_}, x, 1, 1);
}

INSTANTIATE_TEST_SUITE_P(All, InvertedResidualTest,
                         testing::Combine(testing::ValuesIn(available_isas().begin(), available_isas().end()),
                                          testing::Range(std::size_t{0}, blocks().size())),
                         [](const auto& test) {
                             return std::string(to_string(std::get<0>(test.param))) + "_" +
                                    blocks()[std::get<1>(test.param)].name;
                         });

TEST(InvertedResidual, ColumnsThatNoWindowReadsAndMapsWithoutColumns) {
    ThreadPool pool(1);
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        for (const bool projects : {true, false}) {
            for (const auto& [size, stride, pad] :
                 {std::tuple{MapSize{1, 12, 10}, 2UL, 0UL}, {{2, 9, 8}, 3UL, 1UL}, {{1, 6, 0}, 1UL, 2UL}}) {
                Conv2dParameters window = depthwise_layer(19, 3, stride, Activation::relu);
                window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = pad;
                const auto expand = prepare(kernels, conv_layer(5, 19, 1, 1, Activation::none), 1);
                const auto depthwise = prepare(kernels, window, 2);
                const auto project =
                    projects ? prepare(kernels, conv_layer(19, 4, 1, 1, Activation::none), 3) : nullptr;
                MapSize input = size;
                std::vector<float> expected = random_floats(size.batch * size.height * size.width * 5, 4);
                const GuardedFloats x(expected);
                for (const auto& step : {expand, depthwise, project}) {
                    if (step == nullptr) continue;
                    const Conv2dParameters& p = step->parameters();
                    const MapSize out{input.batch, p.output_height(input.height), p.output_width(input.width)};
                    std::vector<float> y(out.batch * out.height * out.width * p.output_channels);
                    const GuardedFloats scratch(step->scratch_bytes(input, 1) / sizeof(float));
                    step->run(expected.data(), input, y.data(), {}, std::as_writable_bytes(scratch.span()), pool);
                    expected = y;
                    input = out;
                }
                ASSERT_FALSE(expected.empty());
                const auto block = InvertedResidual::make({expand, depthwise, project});
                ASSERT_TRUE(block.has_value());
                const GuardedFloats y(expected.size(), 123.F);
                const GuardedFloats scratch(block->scratch_bytes(size, 1) / sizeof(float), 321.F);
                block->run(x.data(), size, y.data(), nullptr, nullptr, std::as_writable_bytes(scratch.span()), pool);
                EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
            }
        }
    }
}

TEST(InvertedResidual, StepsThatDoNotFitTogetherAreNotFused) {
    const KernelTable& kernels = kernel_table(Isa::portable);
    const auto conv = [&](const Conv2dParameters& p) { return prepare(kernels, p, 1); };
    constexpr auto none = Activation::none;
    const auto expand = conv(conv_layer(8, 24, 1, 1, none));
    const auto depthwise = conv(depthwise_layer(24, 3, 1, none));
    const auto project = conv(conv_layer(24, 8, 1, 1, none));
    EXPECT_TRUE(InvertedResidual::make({expand, depthwise, project}).has_value());
    EXPECT_FALSE(InvertedResidual::make({project, depthwise, project}).has_value());
    EXPECT_FALSE(InvertedResidual::make({expand, depthwise, expand}).has_value());
    EXPECT_FALSE(InvertedResidual::make({expand, expand, project}).has_value());
    EXPECT_FALSE(InvertedResidual::make({nullptr, depthwise, nullptr}).has_value());
    EXPECT_FALSE(InvertedResidual::make({expand, nullptr, project}).has_value());
    EXPECT_FALSE(InvertedResidual::make({conv(conv_layer(8, 24, 3, 1, none)), depthwise, project}).has_value());
    Conv2dParameters dilated = depthwise_layer(24, 3, 1, none);
    dilated.dilation_h = 2;
    EXPECT_FALSE(InvertedResidual::make({expand, conv(dilated), project}).has_value());
}

} // namespace
} // namespace detect::test
