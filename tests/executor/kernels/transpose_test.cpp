// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

#include <numeric>

namespace detect::test {
namespace {

/// Element by element.
template <class T>
std::vector<T> plain_transpose(const std::vector<std::int64_t>& sizes, const std::vector<std::size_t>& permutation,
                               const std::vector<T>& x) {
    std::vector<std::size_t> stride(sizes.size(), 1);
    for (std::size_t i = sizes.size(); i-- > 1;) stride[i - 1] = stride[i] * static_cast<std::size_t>(sizes[i]);
    std::vector<T> y(x.size());
    for (std::size_t number = 0; number < y.size(); ++number) {
        std::size_t rest = number;
        std::size_t from = 0;
        for (std::size_t i = permutation.size(); i-- > 0;) {
            const auto size = static_cast<std::size_t>(sizes[permutation[i]]);
            from += rest % size * stride[permutation[i]];
            rest /= size;
        }
        y[number] = x[from];
    }
    return y;
}

template <class T>
void expect_transposed(const std::vector<std::int64_t>& sizes, const std::vector<std::size_t>& permutation) {
    std::size_t count = 1;
    for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
    std::vector<T> x(count);
    std::iota(x.begin(), x.end(), T{1});
    std::vector<T> y(count);
    ThreadPool pool{2};
    transpose(sizes, permutation, sizeof(T), reinterpret_cast<const std::byte*>(x.data()),
              reinterpret_cast<std::byte*>(y.data()), pool);
    EXPECT_EQ(y, plain_transpose(sizes, permutation, x))
        << testing::PrintToString(sizes) << " by " << testing::PrintToString(permutation);
}

TEST(Transpose, EveryOrderOfFourAxesAndEveryElementSize) {
    for (const std::vector<std::int64_t>& sizes :
         {std::vector<std::int64_t>{2, 3, 5, 7}, {1, 17, 1, 33}, {3, 1, 16, 2}, {2, 0, 3, 4}}) {
        std::vector<std::size_t> permutation{0, 1, 2, 3};
        do {
            expect_transposed<std::uint8_t>(sizes, permutation);
            expect_transposed<std::uint16_t>(sizes, permutation);
            expect_transposed<float>(sizes, permutation);
            expect_transposed<std::int64_t>(sizes, permutation);
        } while (std::ranges::next_permutation(permutation).found);
    }
}

TEST(Transpose, OtherRanksAndSizesOfManyTasks) {
    expect_transposed<float>({}, {});
    expect_transposed<float>({5}, {0});
    expect_transposed<float>({300, 513}, {1, 0});
    expect_transposed<float>({2, 197, 3, 12, 64}, {2, 0, 3, 1, 4});
    expect_transposed<float>({2, 77, 8, 64}, {0, 2, 3, 1});
    expect_transposed<std::uint8_t>({2, 1, 2, 3, 2, 1, 2, 3}, {7, 6, 5, 4, 3, 2, 1, 0});
}

} // namespace
} // namespace detect::test
