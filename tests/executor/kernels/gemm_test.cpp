// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

class GemmTest : public IsaTest {
protected:
    PackedMatrix pack(std::span<const float> weights, std::size_t k, std::size_t n, std::span<const float> bias,
                      WeightOrder order = WeightOrder::output_major) {
        auto packed = PackedMatrix::pack(kernels(), order, weights, k, n, bias);
        EXPECT_TRUE(packed.ok()) << (packed.ok() ? "" : packed.error().message);
        return *std::move(packed);
    }
    void multiply(const PackedView& b, const float* a, std::size_t lda, std::size_t m, float* c, std::size_t ldc,
                  const Epilogue& epilogue, ThreadPool& pool) {
        const auto threads = static_cast<std::size_t>(pool.threads());
        const GuardedFloats scratch(gemm_scratch_bytes(b, m, threads) / sizeof(float), 321.F);
        gemm(b, a, lda, m, c, ldc, epilogue, std::as_writable_bytes(scratch.span()), pool);
        EXPECT_TRUE(scratch.intact());
    }
    ThreadPool one_{1};
};

// Widths around one, two and three vectors of every instruction set, and the model's own.
constexpr std::size_t widths[] = {1, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 24, 28, 31, 32, 33, 40, 47, 48, 49, 64, 91};

TEST_P(GemmTest, EveryRowCountGivesTheBitsOfTheChain) {
    constexpr std::size_t most_rows = 70;
    for (const std::size_t k : {1UL, 2UL, 17UL, 64UL, 120UL}) {
        for (const std::size_t n : {7UL, 16UL, 24UL, 40UL, 91UL}) {
            const GuardedFloats a(random_floats(most_rows * k, 1));
            const auto b = random_floats(k * n, 2);
            const auto bias = random_floats(n, 3);
            const auto expected = plain_gemm(isa(), a.span(), b, bias, most_rows, k, n);
            const PackedMatrix packed = pack(b, k, n, bias);
            for (std::size_t m = 1; m <= most_rows; ++m) {
                const GuardedFloats c(m * n);
                // The last m rows: position in the matrix must not matter either.
                const std::size_t first = most_rows - m;
                multiply(packed.view(), a.data() + first * k, k, m, c.data(), n, {}, one_);
                SCOPED_TRACE(testing::Message() << "m " << m << " k " << k << " n " << n);
                EXPECT_SAME_BITS(c.data(), expected.data() + first * n, m * n);
                EXPECT_TRUE(c.intact());
            }
        }
    }
}

TEST_P(GemmTest, EveryWidthWithEveryEpilogue) {
    constexpr std::size_t m = 31;
    constexpr std::size_t k = 19;
    const GuardedFloats a(random_floats(m * k, 4));
    for (const std::size_t n : widths) {
        const auto b = random_floats(k * n, 5);
        const auto bias = random_floats(n, 6);
        const GuardedFloats residual(random_floats(m * n, 7));
        const PackedMatrix packed = pack(b, k, n, bias);
        for (const Activation activation : all_activations) {
            for (const float* added :
                 {static_cast<const float*>(nullptr), static_cast<const float*>(residual.data())}) {
                const GuardedFloats c(m * n);
                multiply(packed.view(), a.data(), k, m, c.data(), n, {activation, added, n}, one_);
                const auto expected = plain_gemm(isa(), a.span(), b, bias, m, k, n, activation, added);
                SCOPED_TRACE(testing::Message() << "n " << n << " activation " << static_cast<int>(activation));
                EXPECT_SAME_BITS(c.data(), expected.data(), m * n);
                EXPECT_TRUE(c.intact());
            }
        }
    }
}

TEST_P(GemmTest, DeepProductsAreBlockedWithoutChangingABit) {
    // Around the depth of a block, and several blocks; with a residual, which must be added once.
    for (const std::size_t k : {255UL, 256UL, 257UL, 511UL, 512UL, 513UL, 1100UL, 3100UL}) {
        for (const std::size_t n : {5UL, 50UL}) {
            constexpr std::size_t m = 33;
            const GuardedFloats a(random_floats(m * k, 8));
            const auto b = random_floats(k * n, 9);
            const auto bias = random_floats(n, 10);
            const auto residual = random_floats(m * n, 11);
            const PackedMatrix packed = pack(b, k, n, bias);
            const GuardedFloats c(m * n);
            multiply(packed.view(), a.data(), k, m, c.data(), n, {Activation::relu, residual.data(), n}, one_);
            const auto expected = plain_gemm(isa(), a.span(), b, bias, m, k, n, Activation::relu, residual.data());
            SCOPED_TRACE(testing::Message() << "k " << k << " n " << n);
            EXPECT_SAME_BITS(c.data(), expected.data(), m * n);
        }
    }
}

TEST_P(GemmTest, ThreadsChangeNothing) {
    struct Shape {
        std::size_t m, k, n;
    };
    // Many rows; few rows and many columns; weights too large for a second-level cache.
    for (const auto& [m, k, n] :
         {Shape{1000, 24, 72}, Shape{3, 200, 600}, Shape{30, 1200, 300}, Shape{1, 64, 7}, Shape{800, 130, 90}}) {
        const auto a = random_floats(m * k, 12);
        const auto b = random_floats(k * n, 13);
        const PackedMatrix packed = pack(b, k, n, {});
        std::vector<float> expected(m * n);
        multiply(packed.view(), a.data(), k, m, expected.data(), n, {}, one_);
        for (const int threads : {2, 4}) {
            ThreadPool pool(threads);
            const GuardedFloats c(m * n);
            multiply(packed.view(), a.data(), k, m, c.data(), n, {}, pool);
            SCOPED_TRACE(testing::Message() << "m " << m << " threads " << threads);
            EXPECT_SAME_BITS(c.data(), expected.data(), m * n);
        }
    }
}

TEST_P(GemmTest, RowsMayBeFartherApartThanTheyAreLong) {
    constexpr std::size_t m = 20;
    constexpr std::size_t k = 10;
    constexpr std::size_t n = 21;
    constexpr std::size_t lda = 13;
    constexpr std::size_t ldc = 26;
    const auto dense = random_floats(m * k, 14);
    const auto b = random_floats(k * n, 15);
    const GuardedFloats a((m - 1) * lda + k, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < m; ++i) std::copy_n(dense.data() + i * k, k, a.data() + i * lda);
    const GuardedFloats c((m - 1) * ldc + n, 123.F);
    multiply(pack(b, k, n, {}).view(), a.data(), lda, m, c.data(), ldc, {}, one_);
    const auto expected = plain_gemm(isa(), dense, b, {}, m, k, n);
    for (std::size_t i = 0; i < m; ++i) {
        EXPECT_SAME_BITS(c.data() + i * ldc, expected.data() + i * n, n);
        for (std::size_t j = n; j < ldc && i + 1 < m; ++j) EXPECT_EQ(c[i * ldc + j], 123.F);
    }
}

TEST_P(GemmTest, BothWeightOrdersPackToTheSame) {
    constexpr std::size_t k = 37;
    constexpr std::size_t n = 53;
    const auto by_output = random_floats(k * n, 16);
    std::vector<float> by_input(k * n);
    for (std::size_t i = 0; i < k; ++i) {
        for (std::size_t j = 0; j < n; ++j) by_input[i * n + j] = by_output[j * k + i];
    }
    const PackedMatrix first = pack(by_output, k, n, {});
    const PackedMatrix second = pack(by_input, k, n, {}, WeightOrder::input_major);
    ASSERT_EQ(first.view().size(), second.view().size());
    EXPECT_SAME_BITS(second.view().weights, first.view().weights, first.view().size());
}

TEST_P(GemmTest, SpecialValuesComeOutAsInTheChain) {
    constexpr std::size_t m = 29;
    constexpr std::size_t k = 3;
    constexpr std::size_t n = 45;
    const GuardedFloats a(special_floats(m * k, 17));
    const auto b = special_floats(k * n, 18);
    const auto bias = special_floats(n, 19);
    const PackedMatrix packed = pack(b, k, n, bias);
    for (const Activation activation : all_activations) {
        const GuardedFloats c(m * n);
        multiply(packed.view(), a.data(), k, m, c.data(), n, {activation, nullptr, 0}, one_);
        const auto expected = plain_gemm(isa(), a.span(), b, bias, m, k, n, activation);
        EXPECT_SAME_BITS(c.data(), expected.data(), m * n);
    }
}

TEST_P(GemmTest, SpecialValuesComeOutAmongOthersInDeepProducts) {
    constexpr std::size_t m = 40;
    constexpr std::size_t k = 150;
    constexpr std::size_t n = 45;
    using limits = std::numeric_limits<float>;
    constexpr std::array<float, 7> specials{limits::quiet_NaN(),
                                            limits::infinity(),
                                            -limits::infinity(),
                                            1e-40F,
                                            limits::denorm_min(),
                                            limits::max(),
                                            3e-38F};
    auto a = random_floats(m * k, 24);
    auto b = random_floats(k * n, 25);
    // One to a row or column; most outputs stay finite.
    for (std::size_t i = 0; i < specials.size(); ++i) {
        a[(3 * i + 1) * k + 20 * i] = specials[i];
        b[(5 * i + 2) * k + 19 * i + 1] = specials[i];
    }
    const auto bias = random_floats(n, 26);
    const GuardedFloats guarded(a);
    const GuardedFloats c(m * n);
    multiply(pack(b, k, n, bias).view(), guarded.data(), k, m, c.data(), n, {Activation::hard_swish, nullptr, 0}, one_);
    const auto expected = plain_gemm(isa(), a, b, bias, m, k, n, Activation::hard_swish);
    EXPECT_GT(std::ranges::count_if(expected, [](float x) { return std::isfinite(x); }), 1000);
    EXPECT_SAME_BITS(c.data(), expected.data(), m * n);
}

TEST_P(GemmTest, IsAsExactAsSinglePrecisionMayBe) {
    constexpr std::size_t m = 32;
    constexpr std::size_t k = 1000;
    constexpr std::size_t n = 64;
    const auto a = random_floats(m * k, 27);
    const auto b = random_floats(k * n, 28);
    std::vector<float> c(m * n);
    multiply(pack(b, k, n, {}).view(), a.data(), k, m, c.data(), n, {}, one_);
    double squares = 0;
    double errors = 0;
    for (std::size_t i = 0; i < m * n; ++i) {
        double exact = 0;
        for (std::size_t l = 0; l < k; ++l) {
            exact += static_cast<double>(a[i / n * k + l]) * static_cast<double>(b[i % n * k + l]);
        }
        squares += exact * exact;
        errors += (exact - static_cast<double>(c[i])) * (exact - static_cast<double>(c[i]));
    }
    // One chain of a thousand terms errs by about 1e-6.
    EXPECT_LT(std::sqrt(errors / squares), 3e-7);
}

TEST_P(GemmTest, AGateScalesTheRowsOfTheWeights) {
    constexpr std::size_t m = 11;
    constexpr std::size_t k = 72;
    constexpr std::size_t n = 40;
    const auto a = random_floats(m * k, 20);
    auto b = random_floats(k * n, 21);
    const auto gate = random_floats(k, 22);
    const PackedMatrix packed = pack(b, k, n, {});
    std::vector<float> scaled(packed.view().size());
    scale_rows(packed.view(), gate.data(), scaled.data(), one_);
    PackedView view = packed.view();
    view.weights = scaled.data();
    std::vector<float> c(m * n);
    multiply(view, a.data(), k, m, c.data(), n, {}, one_);
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < k; ++i) b[j * k + i] *= gate[i];
    }
    const auto expected = plain_gemm(isa(), a, b, {}, m, k, n);
    EXPECT_SAME_BITS(c.data(), expected.data(), m * n);
}

TEST_P(GemmTest, NothingToDoIsDone) {
    const auto b = random_floats(40, 23);
    const std::vector<float> bias{1, 2, 3, 4};
    multiply(pack(b, 10, 4, {}).view(), nullptr, 10, 0, nullptr, 4, {}, one_);
    std::vector<float> c(8);
    multiply(pack({}, 0, 4, bias).view(), nullptr, 0, 2, c.data(), 4, {}, one_);
    EXPECT_EQ(c, (std::vector<float>{1, 2, 3, 4, 1, 2, 3, 4}));
}

TEST_P(GemmTest, WeightsPackedWhereTheyLieAreTheSame) {
    constexpr std::size_t k = 12;
    for (const std::size_t n : {16UL, 24UL, 48UL, 112UL}) {
        for (const std::size_t pixels : {1UL, 4UL}) {
            const auto weights = random_floats(k * n, 24);
            const auto bias = random_floats(n, 25);
            const auto expected = PackedMatrix::pack(kernels(), WeightOrder::output_major, weights, k, n, bias, pixels);
            ASSERT_TRUE(expected.ok());
            Tensor tensor = Tensor::of<float>({static_cast<std::int64_t>(n), k}, std::span(weights));
            const std::byte* const place = tensor.bytes().data();
            const Tensor shared = tensor;
            const auto copied = PackedMatrix::pack(kernels(), tensor, bias, pixels);
            EXPECT_SAME_BITS(shared.data<float>().data(), weights.data(), k * n);
            tensor = Tensor::of<float>({static_cast<std::int64_t>(n), k}, std::span(weights));
            const std::byte* const own = tensor.bytes().data();
            const auto packed = PackedMatrix::pack(kernels(), std::move(tensor), bias, pixels);
            ASSERT_TRUE(copied.ok() && packed.ok());
            const std::size_t size = expected->view().size();
            EXPECT_SAME_BITS(copied->view().weights, expected->view().weights, size);
            EXPECT_SAME_BITS(packed->view().weights, expected->view().weights, size);
            EXPECT_SAME_BITS(packed->view().bias, expected->view().bias, n);
            EXPECT_NE(static_cast<const void*>(copied->view().weights), place);
            EXPECT_EQ(static_cast<const void*>(packed->view().weights) == own, n % kernels().lanes == 0);
        }
    }
}

/// Weights that are kept in two parts where there are tiles.
class LongSums : public GemmTest {
protected:
    static constexpr std::size_t m = 35;
    static Tensor tensor(std::span<const float> weights, std::size_t k, std::size_t n) {
        return Tensor::of<float>({static_cast<std::int64_t>(n), static_cast<std::int64_t>(k)}, weights);
    }
    PackedMatrix pack_tensor(std::span<const float> weights, std::size_t k, std::size_t n,
                             std::span<const float> bias) {
        auto packed = PackedMatrix::pack(kernels(), tensor(weights, k, n), bias, 1);
        EXPECT_TRUE(packed.ok());
        EXPECT_EQ(packed->view().in_parts(), kernels().split_in_two != nullptr);
        return *std::move(packed);
    }
    std::vector<float> expected(std::span<const float> a, std::span<const float> b, std::span<const float> bias,
                                std::size_t k, std::size_t n) {
        if (kernels().split_in_two == nullptr) return plain_gemm(isa(), a, b, bias, m, k, n, Activation::relu);
        std::vector<float> c(m * n);
        for (std::size_t i = 0; i < m * n; ++i) {
            const auto of_column = [&](std::size_t l) { return b[i % n * k + l]; };
            const float sum = plain_product_of_two_parts(a.subspan(i / n * k, k), of_column) + bias[i % n];
            c[i] = plain_activation(Activation::relu, sum);
        }
        return c;
    }
};

TEST_P(LongSums, AreTakenInTwoParts) {
    for (const std::size_t k : {8192UL, 8224UL}) {
        // One panel of less than four vectors, of more, several; a width that is not whole vectors.
        for (const std::size_t n : {32UL, 41UL, 80UL, 112UL, 128UL, 144UL}) {
            SCOPED_TRACE(testing::Message() << "k " << k << " n " << n);
            const GuardedFloats a(random_floats(m * k, 30));
            const auto b = random_floats(k * n, 31);
            const auto bias = random_floats(n, 32);
            const PackedMatrix packed = pack_tensor(b, k, n, bias);
            const auto whole = expected(a.span(), b, bias, k, n);
            for (const std::size_t rows : {m, 16UL, 3UL, 1UL}) {
                const std::size_t first = m - rows;
                for (const int threads : {1, 3}) {
                    ThreadPool pool(threads);
                    const GuardedFloats c(rows * n);
                    multiply(packed.view(), a.data() + first * k, k, rows, c.data(), n, {Activation::relu, nullptr, 0},
                             pool);
                    EXPECT_SAME_BITS(c.data(), whole.data() + first * n, rows * n);
                    EXPECT_TRUE(c.intact());
                }
            }
        }
    }
}

TEST_P(LongSums, TakeTheChannelsOfPooledRegionsFirst) {
    constexpr std::size_t k = 8192;
    constexpr std::size_t n = 64;
    constexpr std::size_t pixels = 4;
    const auto b = random_floats(k * n, 33);
    std::vector<float> channels_last(k * n);
    for (std::size_t i = 0; i < k * n; ++i) {
        const std::size_t input = i % k;
        channels_last[i / k * k + input % pixels * (k / pixels) + input / pixels] = b[i];
    }
    const auto packed = PackedMatrix::pack(kernels(), tensor(b, k, n), {}, pixels);
    const auto alike = PackedMatrix::pack(kernels(), tensor(channels_last, k, n), {}, 1);
    ASSERT_TRUE(packed.ok() && alike.ok());
    EXPECT_SAME_BITS(packed->view().weights, alike->view().weights, packed->view().size());
}

TEST_P(LongSums, SpecialValuesComeOut) {
    constexpr std::size_t k = 8192;
    constexpr std::size_t n = 64;
    using limits = std::numeric_limits<float>;
    constexpr std::array<float, 5> specials{limits::quiet_NaN(), limits::infinity(), -limits::infinity(), 1e-40F,
                                            3e38F};
    auto a = random_floats(m * k, 34);
    auto b = random_floats(k * n, 35);
    for (std::size_t i = 0; i < specials.size(); ++i) {
        a[(3 * i + 1) * k + 20 * i] = specials[i];
        b[(5 * i + 2) * k + 19 * i + 1] = specials[i];
    }
    const std::vector<float> bias(n);
    const GuardedFloats guarded(a);
    const GuardedFloats c(m * n);
    multiply(pack_tensor(b, k, n, bias).view(), guarded.data(), k, m, c.data(), n, {Activation::relu, nullptr, 0},
             one_);
    const auto whole = expected(a, b, bias, k, n);
    EXPECT_GT(std::ranges::count_if(whole, [](float x) { return std::isfinite(x); }), 1000);
    EXPECT_GT(std::ranges::count(whole, limits::infinity()), 10);
    EXPECT_SAME_BITS(c.data(), whole.data(), m * n);
}

TEST_P(LongSums, AreAsExactAsSinglePrecisionMayBe) {
    constexpr std::size_t k = 12544;
    constexpr std::size_t n = 64;
    const auto a = random_floats(m * k, 36);
    const auto b = random_floats(k * n, 37);
    const std::vector<float> bias(n);
    std::vector<float> c(m * n);
    multiply(pack_tensor(b, k, n, bias).view(), a.data(), k, m, c.data(), n, {}, one_);
    double errors = 0;
    double errors_of_chains = 0;
    for (std::size_t i = 0; i < m * n; ++i) {
        double exact = 0;
        float chain = 0;
        for (std::size_t l = 0; l < k; ++l) {
            exact += static_cast<double>(a[i / n * k + l]) * static_cast<double>(b[i % n * k + l]);
            chain = std::fma(a[i / n * k + l], b[i % n * k + l], chain);
        }
        errors += (exact - static_cast<double>(c[i])) * (exact - static_cast<double>(c[i]));
        errors_of_chains += (exact - static_cast<double>(chain)) * (exact - static_cast<double>(chain));
    }
    // Terms of either sign are the worst case: what a sum in single precision loses grows with the sum.
    EXPECT_LT(std::sqrt(errors / errors_of_chains), 2.0);
}

INSTANTIATE_FOR_ISAS(LongSums);

TEST_P(GemmTest, WeightsThatCannotBePackedWhereTheyLieAreRefused) {
    const Tensor weights = Tensor::of<float>({16, 12}, std::span<const float>(random_floats(192, 26)));
    const std::vector<float> bias(15);
    EXPECT_FALSE(PackedMatrix::pack(kernels(), weights, bias, 1).ok());
    EXPECT_FALSE(PackedMatrix::pack(kernels(), weights, {}, 5).ok());
    EXPECT_FALSE(PackedMatrix::pack(kernels(), weights, {}, 0).ok());
}

TEST_P(GemmTest, WrongSizesAreRefused) {
    const std::vector<float> weights(12);
    for (const auto& [k, n, biases] : {std::tuple{3UL, 5UL, 0UL}, {3UL, 4UL, 3UL}, {SIZE_MAX, 3UL, 0UL}}) {
        const auto packed =
            PackedMatrix::pack(kernels(), WeightOrder::output_major, weights, k, n, std::span(weights).first(biases));
        ASSERT_FALSE(packed.ok());
        EXPECT_EQ(packed.error().code, ErrorCode::invalid_argument);
    }
}

INSTANTIATE_FOR_ISAS(GemmTest);

} // namespace
} // namespace detect::test
