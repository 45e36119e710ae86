// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

struct Case {
    const char* name;
    Conv2dParameters parameters;
    MapSize size;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Conv2dParameters square(std::size_t inputs, std::size_t outputs, std::size_t kernel, std::size_t stride,
                        std::size_t pad, std::size_t groups = 1, Activation activation = Activation::none) {
    return {inputs, outputs, kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1, groups, activation};
}

Conv2dParameters asymmetric() {
    Conv2dParameters p = square(5, 20, 3, 1, 0);
    p.kernel_w = 4;
    p.stride_h = 2;
    p.pad_top = 2;
    p.pad_right = 3;
    p.dilation_h = 2;
    return p;
}

Conv2dParameters dilated_depthwise() {
    Conv2dParameters p = square(19, 19, 3, 1, 2, 19);
    p.dilation_h = p.dilation_w = 2;
    p.pad_left = 1;
    return p;
}

std::vector<Case> cases() {
    const auto swish = Activation::hard_swish;
    return {
        {"pointwise", square(24, 72, 1, 1, 0, 1, Activation::relu), {2, 9, 11}},
        {"pointwise_of_one_channel", square(1, 1, 1, 1, 0), {1, 1, 1}},
        {"pointwise_stride_2", square(24, 40, 1, 2, 0), {2, 9, 11}},
        {"stem", square(3, 16, 3, 2, 1, 1, swish), {2, 13, 67}},
        {"stem_narrower_than_its_kernel", square(3, 16, 3, 2, 1), {1, 2, 1}},
        {"dense_3x3", square(32, 48, 3, 1, 1), {2, 7, 34}},
        {"dense_3x3_wide_tile", square(16, 96, 3, 1, 1, 1, Activation::relu), {1, 30, 45}},
        {"resnet_stem", square(3, 64, 7, 2, 3, 1, Activation::relu), {1, 31, 33}},
        {"more_taps_than_a_tile_takes_at_once", square(2, 5, 9, 1, 4), {1, 6, 10}},
        {"more_kernel_rows_than_a_tile_takes_at_once", {2, 3, 70, 2, 1, 1, 3, 0, 3, 1}, {1, 68, 20}},
        {"asymmetric", asymmetric(), {2, 8, 9}},
        {"grouped", square(12, 30, 3, 1, 1, 3), {2, 6, 7}},
        {"depthwise_multiplier", square(6, 12, 3, 1, 1, 6), {1, 6, 7}},
        {"depthwise_3x3", square(16, 16, 3, 1, 1, 16, Activation::relu), {2, 11, 29}},
        {"depthwise_3x3_stride_2", square(64, 64, 3, 2, 1, 64), {2, 12, 39}},
        {"depthwise_5x5", square(40, 40, 5, 1, 2, 40, Activation::hard_sigmoid), {2, 9, 26}},
        {"depthwise_5x5_stride_2", square(72, 72, 5, 2, 2, 72, swish), {1, 15, 41}},
        {"depthwise_odd_channels", square(19, 19, 3, 1, 1, 19), {1, 5, 20}},
        {"depthwise_many_channels", square(184, 184, 3, 1, 1, 184, swish), {1, 5, 34}},
        {"depthwise_strips", square(120, 120, 5, 1, 2, 120), {1, 3, 70}},
        {"depthwise_7x7_stride_3", square(9, 9, 7, 3, 3, 9), {1, 20, 23}},
        {"depthwise_dilated", dilated_depthwise(), {2, 9, 13}},
        {"depthwise_narrower_than_its_kernel", square(16, 16, 5, 1, 2, 16), {1, 1, 2}},
        {"depthwise_2_columns", square(16, 16, 3, 2, 1, 16), {1, 2, 3}},
        {"depthwise_without_padding", square(16, 16, 3, 1, 0, 16), {1, 8, 30}},
    };
}

class Conv2dTest : public testing::TestWithParam<std::tuple<Isa, Case>> {
protected:
    [[nodiscard]] static Isa isa() { return std::get<0>(GetParam()); }
    [[nodiscard]] static const Conv2dParameters& p() { return std::get<1>(GetParam()).parameters; }
    [[nodiscard]] static const MapSize& size() { return std::get<1>(GetParam()).size; }
    [[nodiscard]] static std::size_t input_floats() {
        return size().batch * size().height * size().width * p().input_channels;
    }
    [[nodiscard]] static std::size_t output_floats() {
        return size().batch * p().output_height(size().height) * p().output_width(size().width) * p().output_channels;
    }
    [[nodiscard]] std::vector<float> plain(std::span<const float> x, const float* residual = nullptr,
                                           const float* gate = nullptr) const {
        return PlainConv{p(), x, size(), weights_, bias_, residual, gate}.all(isa());
    }

    std::vector<float> weights_ =
        random_floats(p().output_channels * (p().input_channels / p().groups) * p().kernel_h * p().kernel_w, 1);
    std::vector<float> bias_ = random_floats(p().output_channels, 2);
    Result<Conv2d> conv_ = Conv2d::prepare(kernel_table(isa()), p(), weights_, bias_);

    void run(const float* x, const MapSize& size, float* y, const Conv2dExtras& extras, ThreadPool& pool) {
        const GuardedFloats scratch(conv_->scratch_bytes(size, static_cast<std::size_t>(pool.threads())) /
                                    sizeof(float));
        conv_->run(x, size, y, extras, std::as_writable_bytes(scratch.span()), pool);
        EXPECT_TRUE(scratch.intact());
    }
};

TEST_P(Conv2dTest, GivesTheBitsOfTheChainAtAnyNumberOfThreads) {
    ASSERT_TRUE(conv_.ok()) << conv_.error().message;
    const GuardedFloats x(random_floats(input_floats(), 3));
    const auto expected = plain(x.span());
    ASSERT_EQ(expected.size(), output_floats());
    ASSERT_GT(expected.size(), 0U);
    for (const int threads : {1, 2, 4}) {
        ThreadPool pool(threads);
        const GuardedFloats y(output_floats(), 123.F);
        run(x.data(), size(), y.data(), {}, pool);
        EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
        EXPECT_TRUE(y.intact());
    }
}

TEST_P(Conv2dTest, SpecialValuesComeOutAsInTheChain) {
    ASSERT_TRUE(conv_.ok()) << conv_.error().message;
    const GuardedFloats x(special_floats(input_floats(), 4));
    const auto expected = plain(x.span());
    ThreadPool pool(1);
    const GuardedFloats y(output_floats());
    run(x.data(), size(), y.data(), {}, pool);
    EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
}

TEST_P(Conv2dTest, APictureOfABatchGivesWhatItGivesAlone) {
    ASSERT_TRUE(conv_.ok()) << conv_.error().message;
    MapSize five = size();
    five.batch = 5;
    const std::size_t inputs = input_floats() / size().batch;
    const std::size_t outputs = output_floats() / size().batch;
    const GuardedFloats x(random_floats(5 * inputs, 5));
    const GuardedFloats y(5 * outputs);
    ThreadPool pool(2);
    run(x.data(), five, y.data(), {}, pool);
    MapSize one = size();
    one.batch = 1;
    std::vector<float> alone(outputs);
    for (std::size_t n = 0; n < five.batch; ++n) {
        run(x.data() + n * inputs, one, alone.data(), {}, pool);
        EXPECT_SAME_BITS(y.data() + n * outputs, alone.data(), outputs);
    }
}

TEST_P(Conv2dTest, TakesAResidualAGateOrGivesItsMean) {
    ASSERT_TRUE(conv_.ok()) << conv_.error().message;
    ThreadPool pool(2);
    const GuardedFloats x(random_floats(input_floats(), 6));
    const GuardedFloats residual(random_floats(output_floats(), 7));
    const GuardedFloats y(output_floats());
    if (conv_->takes_residual()) {
        run(x.data(), size(), y.data(), {.residual = residual.data()}, pool);
        const auto expected = plain(x.span(), residual.data());
        EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
    }
    if (conv_->takes_gate()) {
        const GuardedFloats gate(random_floats(size().batch * p().input_channels, 8));
        run(x.data(), size(), y.data(), {.residual = residual.data(), .gate = gate.data()}, pool);
        const auto expected = plain(x.span(), residual.data(), gate.data());
        EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
    }
    if (conv_->gives_mean()) {
        const GuardedFloats mean(size().batch * p().output_channels, 123.F);
        run(x.data(), size(), y.data(), {.mean = mean.data()}, pool);
        const auto expected = plain(x.span());
        EXPECT_SAME_BITS(y.data(), expected.data(), expected.size());
        std::vector<float> pooled(mean.size());
        const MapSize output{size().batch, p().output_height(size().height), p().output_width(size().width)};
        global_average_pool(kernel_table(isa()), expected.data(), output, p().output_channels, pooled.data(), pool);
        EXPECT_SAME_BITS(mean.data(), pooled.data(), pooled.size());
        EXPECT_TRUE(mean.intact());
    }
}

INSTANTIATE_TEST_SUITE_P(All, Conv2dTest,
                         testing::Combine(testing::ValuesIn(available_isas().begin(), available_isas().end()),
                                          testing::ValuesIn(cases())),
                         [](const auto& test) {
                             return std::string(to_string(std::get<0>(test.param))) + "_" +
                                    std::get<1>(test.param).name;
                         });

TEST(Conv2dParameters, OutputSizesAreTorchs) {
    const Conv2dParameters stem = square(3, 16, 3, 2, 1);
    EXPECT_EQ(stem.output_height(800), 400U);
    EXPECT_EQ(stem.output_height(799), 400U);
    EXPECT_EQ(stem.output_width(1), 1U);
    EXPECT_EQ(square(3, 16, 7, 2, 0).output_width(6), 0U);
    EXPECT_EQ(dilated_depthwise().output_width(13), 12U);
}

TEST(Conv2dParameters, NonsenseIsRefused) {
    const std::vector<float> weights(16 * 3 * 9);
    const Conv2dParameters good = square(3, 16, 3, 2, 1);
    EXPECT_TRUE(check_conv2d(good, weights, {}).ok());
    const auto refused = [&](auto change, std::size_t count = 16 * 3 * 9, std::size_t biases = 0) {
        Conv2dParameters bad = good;
        change(bad);
        const auto checked = check_conv2d(bad, std::span(weights).first(count), std::span(weights).first(biases));
        return !checked.ok() && checked.error().code == ErrorCode::invalid_argument &&
               !Conv2d::prepare(kernel_table(Isa::portable), bad, std::span(weights).first(count),
                                std::span(weights).first(biases))
                    .ok();
    };
    EXPECT_TRUE(refused([](auto& p) { p.stride_h = 0; }));
    EXPECT_TRUE(refused([](auto& p) { p.groups = 2; }));
    EXPECT_TRUE(refused([](auto& p) { p.dilation_w = 0; }));
    EXPECT_TRUE(refused([](auto& p) { p.kernel_h = SIZE_MAX; }));
    EXPECT_TRUE(refused([](auto& p) { p.pad_left = SIZE_MAX; }));
    EXPECT_TRUE(refused([](auto&) {}, 16 * 3 * 9 - 1));
    EXPECT_TRUE(refused([](auto&) {}, 16 * 3 * 9, 15));
}

TEST(Isas, ThoseThatFuseMultiplyAddsGiveTheSameBits) {
    const Conv2dParameters p = square(72, 40, 1, 1, 0, 1, Activation::hard_swish);
    const auto weights = random_floats(72 * 40, 1);
    const auto x = random_floats(50 * 72, 2);
    ThreadPool pool(1);
    std::vector<std::vector<float>> results;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        if (!kernels.fuses || kernels.split != nullptr) continue;
        const auto conv = Conv2d::prepare(kernels, p, weights, {});
        ASSERT_TRUE(conv.ok());
        results.emplace_back(50 * 40);
        conv->run(x.data(), {1, 5, 10}, results.back().data(), {}, {}, pool);
    }
    if (results.size() < 2) GTEST_SKIP() << "of the instruction sets that fuse multiply-adds this machine has not two";
    for (const auto& y : results) EXPECT_SAME_BITS(y.data(), results.front().data(), y.size());
}

} // namespace
} // namespace detect::test
