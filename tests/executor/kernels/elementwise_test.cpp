// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class ElementwiseTest : public IsaTest {
protected:
    ThreadPool pool_{2};
};

TEST_P(ElementwiseTest, ActivationsAtEveryCountAndInPlace) {
    for (const Activation activation : all_activations) {
        for (std::size_t count = 0; count <= 70; ++count) {
            const GuardedFloats x(special_floats(count, static_cast<unsigned>(count)));
            std::vector<float> expected(count);
            for (std::size_t i = 0; i < count; ++i) expected[i] = plain_activation(activation, x[i]);
            const GuardedFloats y(count);
            activate(kernels(), activation, x.data(), y.data(), count, pool_);
            EXPECT_SAME_BITS(y.data(), expected.data(), count);
            activate(kernels(), activation, x.data(), x.data(), count, pool_);
            EXPECT_SAME_BITS(x.data(), expected.data(), count);
            EXPECT_TRUE(x.intact() && y.intact());
        }
    }
}

TEST_P(ElementwiseTest, ActivationsByHand) {
    const auto apply = [&](Activation activation, float x) {
        activate(kernels(), activation, &x, &x, 1, pool_);
        return x;
    };
    EXPECT_EQ(apply(Activation::relu, -2.F), 0.F);
    EXPECT_EQ(apply(Activation::relu, 2.F), 2.F);
    EXPECT_TRUE(std::isnan(apply(Activation::relu, nan)));
    EXPECT_EQ(apply(Activation::hard_sigmoid, -3.F), 0.F);
    EXPECT_EQ(apply(Activation::hard_sigmoid, 0.F), 0.5F);
    EXPECT_EQ(apply(Activation::hard_sigmoid, 3.F), 1.F);
    EXPECT_EQ(apply(Activation::hard_sigmoid, infinity), 1.F);
    EXPECT_TRUE(std::isnan(apply(Activation::hard_sigmoid, nan)));
    EXPECT_EQ(apply(Activation::hard_swish, -4.F), 0.F);
    EXPECT_EQ(apply(Activation::hard_swish, 1.F), 4.F / 6.F);
    // x itself, to the last bit, from 3 on: torch's x · 6 / 6 can be one off.
    for (const float x : {3.F, 3.3F, 1e6F, infinity}) EXPECT_EQ(apply(Activation::hard_swish, x), x);
    EXPECT_TRUE(std::isnan(apply(Activation::hard_swish, nan)));
}

TEST_P(ElementwiseTest, SumsAtManyCountsAndInPlace) {
    for (const std::size_t count : {0UL, 1UL, 3UL, 15UL, 16UL, 17UL, 33UL, 40000UL}) {
        const GuardedFloats a(special_floats(count, 1));
        const GuardedFloats b(special_floats(count, 2));
        std::vector<float> expected(count);
        for (std::size_t i = 0; i < count; ++i) expected[i] = plain_activation(Activation::relu, a[i] + b[i]);
        const GuardedFloats y(count);
        add(kernels(), Activation::relu, a.data(), b.data(), y.data(), count, pool_);
        EXPECT_SAME_BITS(y.data(), expected.data(), count);
        add(kernels(), Activation::relu, a.data(), b.data(), b.data(), count, pool_);
        EXPECT_SAME_BITS(b.data(), expected.data(), count);
        EXPECT_TRUE(y.intact() && a.intact() && b.intact());
    }
}

TEST_P(ElementwiseTest, AGatePerPictureAndChannel) {
    for (const std::size_t channels : {1UL, 8UL, 19UL, 72UL}) {
        const MapSize size{2, 3, 5};
        const GuardedFloats x(special_floats(30 * channels, 3));
        const GuardedFloats gate(special_floats(2 * channels, 4));
        std::vector<float> expected(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            expected[i] = x[i] * gate[i / (15 * channels) * channels + i % channels];
        }
        scale_channels(kernels(), x.data(), gate.data(), size, channels, x.data(), pool_);
        EXPECT_SAME_BITS(x.data(), expected.data(), expected.size());
        EXPECT_TRUE(x.intact());
    }
}

using SoftmaxRows = decltype(&softmax_rows);
constexpr std::array<SoftmaxRows, 2> softmaxes{&softmax_rows, &long_softmax_rows};

TEST_P(ElementwiseTest, SoftmaxAgreesWithDoubleArithmetic) {
    for (const auto& [columns, softmax] : {std::pair{1UL, 0},
                                           {2UL, 0},
                                           {7UL, 0},
                                           {16UL, 0},
                                           {17UL, 0},
                                           {91UL, 0},
                                           {364UL, 0},
                                           {1UL, 1},
                                           {2UL, 1},
                                           {15UL, 1},
                                           {16UL, 1},
                                           {17UL, 1},
                                           {197UL, 1},
                                           {2000UL, 1}}) {
        constexpr std::size_t rows = 9;
        auto values = random_floats(rows * columns, 5);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] *= std::pow(4.F, static_cast<float>(i / columns));
        const GuardedFloats x(values);
        softmaxes[static_cast<std::size_t>(softmax)](kernels(), x.data(), rows, columns, x.data(), pool_);
        for (std::size_t r = 0; r < rows; ++r) {
            const float* of_row = values.data() + r * columns;
            // The difference is taken in float, as everywhere; the exponential of what remains must be good.
            const float most = *std::max_element(of_row, of_row + columns);
            double sum = 0;
            for (std::size_t c = 0; c < columns; ++c) sum += std::exp(static_cast<double>(of_row[c] - most));
            for (std::size_t c = 0; c < columns; ++c) {
                const double exact = std::exp(static_cast<double>(of_row[c] - most)) / sum;
                EXPECT_NEAR(x[r * columns + c], exact, 1e-6 * exact + 1e-44) << "row " << r << " column " << c;
            }
        }
        EXPECT_TRUE(x.intact());
    }
}

TEST_P(ElementwiseTest, SoftmaxOfSpecialRows) {
    for (const SoftmaxRows rows : softmaxes) {
        const auto softmax = [&](std::vector<float> row) {
            rows(kernels(), row.data(), 1, row.size(), row.data(), pool_);
            return row;
        };
        EXPECT_EQ(softmax({5.F, 5.F, 5.F, 5.F}), (std::vector<float>{0.25F, 0.25F, 0.25F, 0.25F}));
        EXPECT_EQ(softmax({0.F, -infinity, -200.F}), (std::vector<float>{1.F, 0.F, 0.F}));
        // Neither overflow in the exponential nor in the differences.
        EXPECT_EQ(softmax({3e38F, -3e38F}), (std::vector<float>{1.F, 0.F}));
        for (const auto& row :
             {std::vector<float>{0.F, nan, 1.F}, {infinity, 0.F}, {-infinity, -infinity}, {nan, nan}}) {
            EXPECT_TRUE(std::isnan(softmax(row)[0])) << row[0];
        }
        // A NaN anywhere in a long row.
        for (const std::size_t at : {0UL, 3UL, 16UL, 39UL}) {
            std::vector<float> row(40, 1.F);
            row[at] = nan;
            EXPECT_TRUE(std::isnan(softmax(row)[5])) << at;
        }
        // e^-90 is a denormal and must not be flushed.
        EXPECT_NEAR(softmax({0.F, -90.F})[1], 8.194e-40F, 2e-43F);
    }
}

TEST_P(ElementwiseTest, LayerNormAgreesWithDoubleArithmetic) {
    for (const std::size_t columns : {1UL, 2UL, 15UL, 16UL, 17UL, 512UL, 769UL}) {
        constexpr std::size_t rows = 5;
        auto values = random_floats(rows * columns, 11);
        // A mean far from 0 must not cost the variance its digits.
        for (std::size_t i = 0; i < columns; ++i) values[i] += 100.F;
        const GuardedFloats x(values);
        const GuardedFloats scale(random_floats(columns, 12));
        const GuardedFloats bias(random_floats(columns, 13));
        const GuardedFloats y(x.size());
        layer_norm_rows(kernels(), x.data(), rows, columns, 1e-5F, scale.data(), bias.data(), y.data(), pool_);
        const GuardedFloats plain(x.size());
        layer_norm_rows(kernels(), x.data(), rows, columns, 1e-5F, nullptr, nullptr, plain.data(), pool_);
        for (std::size_t r = 0; r < rows; ++r) {
            const std::span row = std::span(values).subspan(r * columns, columns);
            double mean = 0.0;
            for (const float value : row) mean += static_cast<double>(value) / static_cast<double>(columns);
            double variance = 0.0;
            for (const float value : row) variance += std::pow(static_cast<double>(value) - mean, 2);
            const double deviation = std::sqrt(variance / static_cast<double>(columns) + 1e-5);
            // An error of the mean in its last place is one of the result.
            const double tolerance = 4e-7 * std::max(1.0, std::fabs(mean)) / deviation + 1e-6;
            for (std::size_t c = 0; c < columns; ++c) {
                const double normal = (static_cast<double>(row[c]) - mean) / deviation;
                EXPECT_NEAR(plain[r * columns + c], normal, tolerance) << "row " << r << " column " << c;
                EXPECT_NEAR(y[r * columns + c], normal * static_cast<double>(scale[c]) + static_cast<double>(bias[c]),
                            2 * tolerance);
            }
        }
        EXPECT_TRUE(y.intact() && plain.intact());
        layer_norm_rows(kernels(), x.data(), rows, columns, 1e-5F, nullptr, nullptr, x.data(), pool_);
        EXPECT_SAME_BITS(x.data(), plain.data(), x.size());
    }
}

TEST_P(ElementwiseTest, LayoutsGoThereAndBack) {
    for (const auto& [channels, size] :
         {std::pair{3UL, MapSize{2, 5, 7}}, {40UL, MapSize{1, 17, 16}}, {1UL, MapSize{1, 1, 1}}}) {
        const std::size_t pixels = size.height * size.width;
        const GuardedFloats x(random_floats(size.batch * channels * pixels, 6));
        const GuardedFloats last(x.size());
        to_channels_last(x.data(), size, channels, last.data(), pool_);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t c = i / pixels % channels;
            EXPECT_EQ(last[(i / pixels / channels * pixels + i % pixels) * channels + c], x[i]);
        }
        const GuardedFloats first(x.size());
        to_channels_first(last.data(), size, channels, first.data(), pool_);
        EXPECT_SAME_BITS(first.data(), x.data(), x.size());
        EXPECT_TRUE(last.intact() && first.intact());
    }
}

TEST_P(ElementwiseTest, TheAverageAddsRowsThenTheirSums) {
    for (const std::size_t channels : {1UL, 16UL, 63UL, 64UL, 65UL, 200UL}) {
        const MapSize size{2, 4, 9};
        const GuardedFloats x(special_floats(72 * channels, 7));
        const GuardedFloats mean(2 * channels);
        global_average_pool(kernels(), x.data(), size, channels, mean.data(), pool_);
        std::vector<float> expected(mean.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            double sum = 0.0;
            for (std::size_t row = 0; row < size.height; ++row) {
                float of_row = 0.F;
                for (std::size_t column = 0; column < size.width; ++column) {
                    const std::size_t pixel = (i / channels * size.height + row) * size.width + column;
                    of_row += x[pixel * channels + i % channels];
                }
                sum += static_cast<double>(of_row);
            }
            expected[i] = static_cast<float>(sum / 36.0);
        }
        EXPECT_SAME_BITS(mean.data(), expected.data(), expected.size());
        EXPECT_TRUE(mean.intact());
    }
}

TEST_P(ElementwiseTest, TheMaximumOfEachWindow) {
    struct Case {
        MaxPoolParameters p;
        MapSize size;
    };
    // ResNet's, the pyramid's, an empty window, more taps than are taken at once, and a dilated one.
    for (const auto& [p, size] :
         {Case{{3, 3, 2, 2, 1, 1, 1, 1, 4, 5}, {2, 7, 9}}, Case{{1, 1, 2, 2, 0, 0, 1, 1, 3, 4}, {1, 5, 7}},
          Case{{1, 1, 1, 1, 1, 1, 1, 1, 3, 3}, {1, 1, 1}}, Case{{9, 9, 1, 1, 4, 4, 1, 1, 10, 11}, {1, 10, 11}},
          Case{{2, 3, 1, 2, 0, 1, 3, 2, 4, 3}, {1, 7, 8}}}) {
        for (const std::size_t channels : {1UL, 19UL, 32UL}) {
            const GuardedFloats x(special_floats(size.batch * size.height * size.width * channels, 8));
            const GuardedFloats y(size.batch * p.output_height * p.output_width * channels);
            max_pool(kernels(), p, x.data(), size, channels, y.data(), pool_);
            for (std::size_t i = 0; i < y.size(); ++i) {
                const std::size_t pixel = i / channels;
                const std::size_t n = pixel / p.output_width / p.output_height;
                float most = -infinity;
                for (std::size_t tap = 0; tap < p.kernel_h * p.kernel_w; ++tap) {
                    const std::size_t row = pixel / p.output_width % p.output_height * p.stride_h +
                                            tap / p.kernel_w * p.dilation_h - p.pad_top;
                    const std::size_t column =
                        pixel % p.output_width * p.stride_w + tap % p.kernel_w * p.dilation_w - p.pad_left;
                    if (row >= size.height || column >= size.width) continue;
                    const float value = x[((n * size.height + row) * size.width + column) * channels + i % channels];
                    if (value > most || std::isnan(value)) most = value;
                    if (std::isnan(most)) break;
                }
                // The sign of a zero is not looked at: which of -0 and 0 is larger is left open.
                EXPECT_TRUE(y[i] == most || same_bits(y[i], most)) << "found " << y[i] << ", expected " << most;
            }
            EXPECT_TRUE(y.intact());
        }
    }
}

TEST_P(ElementwiseTest, AWindowFarLargerThanTheMapTakesNoLonger) {
    // 2^62 taps, of which 3 by 5 read something; strides and dilations do not count for the one that there is.
    MaxPoolParameters p;
    p.kernel_h = p.kernel_w = std::size_t{1} << 31U;
    p.pad_top = p.pad_left = std::size_t{1} << 30U;
    p.output_height = p.output_width = 1;
    std::vector<float> x = random_floats(15, 9);
    x[7] = 2.F;
    float most = 0.F;
    max_pool(kernels(), p, x.data(), {1, 3, 5}, 1, &most, pool_);
    EXPECT_EQ(most, 2.F);
    // Dilated, with a tap on every other pixel from the second on.
    p.dilation_h = p.dilation_w = 2;
    p.pad_top = p.pad_left = (std::size_t{1} << 30U) - 1;
    x[6] = 1.5F;
    max_pool(kernels(), p, x.data(), {1, 3, 5}, 1, &most, pool_);
    EXPECT_EQ(most, 1.5F);
}

INSTANTIATE_FOR_ISAS(ElementwiseTest);

} // namespace
} // namespace detect::test
