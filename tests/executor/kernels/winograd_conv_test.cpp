// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

struct Shape {
    const char* name;
    std::size_t inputs;
    std::size_t outputs;
    MapSize size;
    Activation activation;
    /// Left and top; right and bottom.
    std::size_t pad_before;
    std::size_t pad_after;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

constexpr std::array shapes{
    Shape{"odd_map", 64, 64, {2, 9, 13}, Activation::none, 1, 1},
    Shape{"even_map_several_blocks", 64, 96, {1, 22, 30}, Activation::relu, 1, 1},
    Shape{"odd_channels", 67, 77, {1, 6, 7}, Activation::hard_swish, 1, 1},
    Shape{"one_pixel", 64, 65, {3, 1, 1}, Activation::none, 1, 1},
    Shape{"without_padding", 64, 64, {1, 5, 8}, Activation::none, 0, 0},
    Shape{"more_padding_after", 64, 64, {1, 4, 4}, Activation::none, 0, 3},
    Shape{"more_padding_before", 64, 64, {1, 4, 4}, Activation::none, 2, 0},
};

class WinogradConvTest : public testing::TestWithParam<std::tuple<Isa, Shape>> {
protected:
    [[nodiscard]] static const Shape& shape() { return std::get<1>(GetParam()); }
    [[nodiscard]] static Conv2dParameters parameters() {
        const Shape& s = shape();
        return {s.inputs,     s.outputs,   3,           3, 1, 1, s.pad_before,
                s.pad_before, s.pad_after, s.pad_after, 1, 1, 1, s.activation};
    }
    [[nodiscard]] std::size_t output_floats(std::size_t batch) const {
        return batch * p_.output_height(shape().size.height) * p_.output_width(shape().size.width) * p_.output_channels;
    }
    [[nodiscard]] std::size_t input_floats(std::size_t batch) const {
        return batch * shape().size.height * shape().size.width * p_.input_channels;
    }

    std::vector<float> run(std::span<const float> values, std::size_t batch, const float* residual, int threads) {
        ThreadPool pool(threads);
        const MapSize size{batch, shape().size.height, shape().size.width};
        const GuardedFloats x(values);
        const GuardedFloats y(output_floats(batch), 123.F);
        const GuardedFloats scratch(conv_->scratch_bytes(size) / sizeof(float), 321.F);
        conv_->run(x.data(), size, y.data(), residual, std::as_writable_bytes(scratch.span()), pool);
        EXPECT_TRUE(y.intact() && scratch.intact());
        return {y.span().begin(), y.span().end()};
    }

    Conv2dParameters p_ = parameters();
    std::vector<float> weights_ = random_floats(p_.output_channels * p_.input_channels * 9, 1);
    std::vector<float> bias_ = random_floats(p_.output_channels, 2);
    Result<WinogradConv> conv_ = WinogradConv::prepare(kernel_table(std::get<0>(GetParam())), p_, weights_, bias_);
};

TEST_P(WinogradConvTest, AgreesWithTheSumInDouble) {
    ASSERT_TRUE(conv_.ok());
    const MapSize& size = shape().size;
    const auto x = random_floats(input_floats(size.batch), 3);
    const auto residual = random_floats(output_floats(size.batch), 4);
    const auto y = run(x, size.batch, residual.data(), 2);
    const std::size_t height = p_.output_height(size.height);
    const std::size_t width = p_.output_width(size.width);
    for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t o = i % p_.output_channels;
        const std::size_t pixel = i / p_.output_channels;
        const std::size_t n = pixel / width / height;
        double sum = static_cast<double>(bias_[o]) + static_cast<double>(residual[i]);
        for (std::size_t t = 0; t < 9; ++t) {
            const std::size_t row = pixel / width % height + t / 3 - p_.pad_top;
            const std::size_t column = pixel % width + t % 3 - p_.pad_left;
            if (row >= size.height || column >= size.width) continue;
            const float* from = x.data() + ((n * size.height + row) * size.width + column) * p_.input_channels;
            for (std::size_t k = 0; k < p_.input_channels; ++k) {
                sum +=
                    static_cast<double>(from[k]) * static_cast<double>(weights_[(o * p_.input_channels + k) * 9 + t]);
            }
        }
        // Some 600 products of up to 1 each: rounding grows with their root, the sums inside are some 30.
        ASSERT_NEAR(y[i], plain_activation(p_.activation, static_cast<float>(sum)), 4e-5) << "at " << i;
    }
}

TEST_P(WinogradConvTest, ThreadsAndCompanyChangeNothing) {
    ASSERT_TRUE(conv_.ok());
    constexpr std::size_t batch = 5;
    const auto x = random_floats(input_floats(batch), 5);
    const auto together = run(x, batch, nullptr, 4);
    for (std::size_t n = 0; n < batch; ++n) {
        const auto alone = run(std::span(x).subspan(n * input_floats(1), input_floats(1)), 1, nullptr, 1);
        EXPECT_SAME_BITS(together.data() + n * alone.size(), alone.data(), alone.size());
    }
}

TEST_P(WinogradConvTest, WhatIsNotFiniteStaysInItsNeighbourhood) {
    ASSERT_TRUE(conv_.ok());
    const MapSize& size = shape().size;
    auto x = random_floats(input_floats(1), 6);
    const auto before = run(x, 1, nullptr, 1);
    // The first pixel: it is read by the outputs around it, and at most by the rest of their 2×2 tiles.
    x[0] = std::numeric_limits<float>::quiet_NaN();
    const auto after = run(x, 1, nullptr, 1);
    const std::size_t width = p_.output_width(size.width);
    for (std::size_t i = 0; i < after.size(); ++i) {
        const std::size_t pixel = i / p_.output_channels;
        const bool near = pixel / width < p_.pad_top + 2 && pixel % width < p_.pad_left + 2;
        const bool reads = pixel / width <= p_.pad_top && pixel % width <= p_.pad_left;
        EXPECT_TRUE(near || same_bits(after[i], before[i])) << "at " << i;
        EXPECT_TRUE(!reads || std::isnan(after[i])) << "at " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(All, WinogradConvTest,
                         testing::Combine(testing::ValuesIn(available_isas().begin(), available_isas().end()),
                                          testing::ValuesIn(shapes)),
                         [](const auto& test) {
                             return std::string(to_string(std::get<0>(test.param))) + "_" +
                                    std::get<1>(test.param).name;
                         });

TEST(WinogradConv, OtherConvolutionsAreRefused) {
    const KernelTable& kernels = kernel_table(Isa::portable);
    const std::vector<float> weights(64 * 64 * 9);
    Conv2dParameters p{64, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, Activation::none};
    EXPECT_TRUE(WinogradConv::prepare(kernels, p, weights, {}).ok());
    const auto refused = [&](auto change) {
        Conv2dParameters other = p;
        change(other);
        return !WinogradConv::supports(other) && !WinogradConv::prepare(kernels, other, weights, {}).ok();
    };
    EXPECT_TRUE(refused([](auto& o) { o.stride_w = 2; }));
    EXPECT_TRUE(refused([](auto& o) { o.dilation_h = 2; }));
    EXPECT_TRUE(refused([](auto& o) { o.kernel_w = 1; }));
    EXPECT_TRUE(refused([](auto& o) { o.groups = 2; }));
    EXPECT_TRUE(refused([](auto& o) { o.input_channels = 3; }));
}

} // namespace
} // namespace detect::test
