// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

class BatchedProductTest : public IsaTest {
protected:
    struct Case {
        std::size_t products, m, k, n;
    };

    /// C of products whose matrices lie one after the other, as the packed product computes each on its own.
    std::vector<float> one_by_one(const Case& c, bool transposed, std::span<const float> a, std::span<const float> b) {
        std::vector<float> result(c.products * c.m * c.n);
        for (std::size_t i = 0; i < c.products; ++i) {
            const auto packed =
                PackedMatrix::pack(kernels(), transposed ? WeightOrder::output_major : WeightOrder::input_major,
                                   b.subspan(i * c.k * c.n, c.k * c.n), c.k, c.n, {});
            EXPECT_TRUE(packed.ok());
            const PackedView view = packed->view();
            ThreadPool one{1};
            auto scratch = AlignedBuffer::allocate(gemm_scratch_bytes(view, c.m, 1) / sizeof(float) + 1);
            gemm(view, a.data() + i * c.m * c.k, c.k, c.m, result.data() + i * c.m * c.n, c.n, {},
                 std::as_writable_bytes(scratch->floats()), one);
        }
        return result;
    }

    std::vector<float> batched(const Case& c, bool transposed, std::span<const float> a, std::span<const float> b,
                               int threads) {
        std::vector<BatchedProduct::Offsets> offsets;
        for (std::size_t i = 0; i < c.products; ++i) offsets.push_back({i * c.m * c.k, i * c.k * c.n, i * c.m * c.n});
        const BatchedProduct product{.m = c.m, .k = c.k, .n = c.n, .products = offsets, .b_is_transposed = transposed};
        ThreadPool pool{threads};
        const std::size_t bytes =
            batched_product_scratch_bytes(kernels(), product, static_cast<std::size_t>(pool.threads()));
        auto scratch = AlignedBuffer::allocate(bytes / sizeof(float));
        std::fill_n(scratch->data(), bytes / sizeof(float), std::numeric_limits<float>::quiet_NaN());
        const GuardedFloats result(c.products * c.m * c.n);
        const GuardedFloats guarded_a(a);
        const GuardedFloats guarded_b(b);
        multiply_batched(kernels(), product, guarded_a.data(), guarded_b.data(), result.data(),
                         std::as_writable_bytes(scratch->floats()).first(bytes), pool);
        EXPECT_TRUE(result.intact());
        return {result.data(), result.data() + result.size()};
    }
};

TEST_P(BatchedProductTest, GivesTheBitsOfThePackedProductAtAnyNumberOfThreads) {
    for (const Case& c : {Case{1, 1, 1, 1}, Case{3, 5, 7, 9}, Case{12, 77, 64, 77}, Case{5, 33, 65, 31},
                          Case{1, 197, 64, 197}, Case{4, 197, 197, 64}, Case{2, 1, 129, 48}, Case{7, 2, 3, 40},
                          Case{2, 3, 0, 4}, Case{0, 3, 4, 5}, Case{2, 0, 4, 5}}) {
        const auto a = random_floats(c.products * c.m * c.k, 1);
        const auto b = random_floats(c.products * c.k * c.n, 2);
        for (const bool transposed : {false, true}) {
            const auto expected = one_by_one(c, transposed, a, b);
            for (const int threads : {1, 2}) {
                const auto actual = batched(c, transposed, a, b, threads);
                EXPECT_SAME_BITS(actual.data(), expected.data(), expected.size());
            }
        }
    }
}

TEST_P(BatchedProductTest, MatricesMayServeSeveralProducts) {
    const std::vector<float> a{1, 2, 3, 4}; // [2, 2]
    const std::vector<float> b{1, 0, 0, 1, 0, 1, 1, 0};
    const std::array<BatchedProduct::Offsets, 2> offsets{{{0, 0, 4}, {0, 4, 0}}};
    const BatchedProduct product{.m = 2, .k = 2, .n = 2, .products = offsets};
    ThreadPool pool{2};
    auto scratch = AlignedBuffer::allocate(batched_product_scratch_bytes(kernels(), product, 2) / sizeof(float));
    std::vector<float> c(8);
    multiply_batched(kernels(), product, a.data(), b.data(), c.data(), std::as_writable_bytes(scratch->floats()), pool);
    EXPECT_EQ(c, (std::vector<float>{2, 1, 4, 3, 1, 2, 3, 4}));
}

INSTANTIATE_FOR_ISAS(BatchedProductTest);

} // namespace
} // namespace detect::test
