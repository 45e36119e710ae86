// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

/// What the kernel tests share.
namespace detect::test {

/// Floats that end where the readable memory ends, so that a read past them is a crash at any instruction set; what
/// lies before them in their pages is filled with a pattern that `intact` looks for.
class GuardedFloats {
public:
    explicit GuardedFloats(std::size_t count, float value = 0.F) : count_(count) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        readable_ = (count * sizeof(float) + page) / page * page;
        mapped_ = readable_ + 2 * page;
        memory_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) std::abort();
        first_ = static_cast<std::byte*>(memory_) + page;
        if (mprotect(first_, readable_, PROT_READ | PROT_WRITE) != 0) std::abort();
        std::memset(first_, pattern, readable_);
        std::fill_n(data(), count, value);
    }
    explicit GuardedFloats(std::span<const float> values) : GuardedFloats(values.size()) {
        std::copy(values.begin(), values.end(), data());
    }
    GuardedFloats(const GuardedFloats&) = delete;
    GuardedFloats& operator=(const GuardedFloats&) = delete;
    ~GuardedFloats() { munmap(memory_, mapped_); }

    [[nodiscard]] float* data() const { return reinterpret_cast<float*>(first_ + readable_ - count_ * sizeof(float)); }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] std::span<float> span() const { return {data(), count_}; }
    float& operator[](std::size_t i) const { return data()[i]; }
    /// Nothing before the floats was written.
    [[nodiscard]] bool intact() const {
        const std::byte* const end = first_ + readable_ - count_ * sizeof(float);
        return std::count(static_cast<const std::byte*>(first_), end, static_cast<std::byte>(pattern)) == end - first_;
    }

private:
    static constexpr int pattern = 0xA5;
    std::size_t count_;
    std::size_t readable_ = 0;
    std::size_t mapped_ = 0;
    void* memory_ = nullptr;
    std::byte* first_ = nullptr;
};

/// `count` floats in [-1, 1).
inline std::vector<float> random_floats(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(-1.F, 1.F);
    std::vector<float> values(count);
    for (float& value : values) value = uniform(generator);
    return values;
}

/// The same with NaN, infinities, denormals and zeros of both signs strewn in.
inline std::vector<float> special_floats(std::size_t count, unsigned seed) {
    using limits = std::numeric_limits<float>;
    constexpr std::array<float, 8> specials{
        limits::quiet_NaN(), limits::infinity(), -limits::infinity(), limits::denorm_min(), -1e-40F, 0.F, -0.F,
        limits::max()};
    std::vector<float> values = random_floats(count, seed);
    std::mt19937 generator(seed + 1);
    for (float& value : values) {
        const unsigned draw = generator() % 32;
        if (draw < specials.size()) value = specials[draw];
    }
    return values;
}

/// The same bits, or both NaN (whose payloads are nobody's business).
inline bool same_bits(float a, float b) {
    return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

/// The first position where two arrays differ in their bits; their length if there is none.
inline std::size_t first_difference(std::span<const float> a, std::span<const float> b) {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && same_bits(a[i], b[i])) ++i;
    return i;
}

#define EXPECT_SAME_BITS(actual, expected, count)                                                                      \
    do {                                                                                                               \
        const float* const actual_floats = (actual);                                                                   \
        const float* const expected_floats = (expected);                                                               \
        const std::size_t floats = (count);                                                                            \
        const std::size_t at = ::detect::test::first_difference({actual_floats, floats}, {expected_floats, floats});   \
        EXPECT_EQ(at, floats) << "found " << actual_floats[at] << ", expected " << expected_floats[at];                \
    } while (false)

/// a·b + c as the instruction set rounds it.
inline float multiply_add(Isa isa, float a, float b, float c) {
    if (kernel_table(isa).fuses) return std::fma(a, b, c);
    const float product = a * b;
    return product + c;
}

/// A bfloat16 number as tiles take it: denormal ones are zeros.
inline float as_part(std::uint32_t upper_bits) {
    const float part = std::bit_cast<float>(upper_bits & 0xFFFF0000U);
    return std::fpclassify(part) == FP_SUBNORMAL ? 0.F : part;
}

/// The parts of a float: cut off or rounded.
inline std::array<float, 3> parts_of(float x, std::uint32_t rounding) {
    std::array<float, 3> parts{};
    for (float& part : parts) {
        const std::uint32_t bits = (std::bit_cast<std::uint32_t>(x) + rounding) & 0xFFFF0000U;
        part = as_part(bits);
        x -= std::bit_cast<float>(bits);
    }
    return parts;
}

/// The sum of products a[k] · b(k) as SplitProduct and split_gemm.h define it, in plain floats.
template <class B>
inline float plain_product_of_three_parts(std::span<const float> a, const B& b) {
    constexpr std::size_t depth = SplitKernels::depth;
    // In steps: which part of A meets which part of B, and in which of the two sums.
    constexpr std::size_t products[6][3] = {{2, 0, 0}, {1, 0, 1}, {0, 0, 0}, {0, 2, 1}, {1, 1, 0}, {0, 1, 1}};
    const std::size_t steps = (a.size() + depth - 1) / depth;
    const std::size_t blocks = (steps + 3) / 4;
    float total = 0.F;
    for (std::size_t block = 0; block < blocks; ++block) {
        float sums[2] = {0.F, 0.F};
        for (std::size_t step = steps * block / blocks; step < steps * (block + 1) / blocks; ++step) {
            for (const auto& [of_a, of_b, sum] : products) {
                float even_and_odd[2] = {0.F, 0.F};
                for (std::size_t k = step * depth; k < std::min((step + 1) * depth, a.size()); ++k) {
                    float& chain = even_and_odd[k % 2];
                    chain = std::fma(parts_of(a[k], 0)[of_a], parts_of(b(k), 0x8000U)[of_b], chain);
                }
                sums[sum] += even_and_odd[0] + even_and_odd[1];
            }
        }
        total = block == 0 ? sums[0] + sums[1] : total + (sums[0] + sums[1]);
    }
    if (std::isfinite(total)) return total;
    total = 0.F;
    for (std::size_t k = 0; k < a.size(); ++k) total = std::fma(a[k], b(k), total);
    return total;
}

/// The same for weights that are kept in two parts.
template <class B>
inline float plain_product_of_two_parts(std::span<const float> a, const B& b) {
    constexpr std::size_t depth = SplitKernels::depth;
    constexpr std::size_t products[3][2] = {{0, 0}, {1, 0}, {0, 1}};
    const auto parts_of_b = [&](std::size_t k) {
        std::array<float, 3> parts = parts_of(b(k), 0x8000U);
        if (!std::isfinite(parts[0])) parts[1] = 0.F;
        return parts;
    };
    const std::size_t steps = a.size() / depth;
    const std::size_t blocks = (steps + 3) / 4;
    float total = 0.F;
    for (std::size_t block = 0; block < blocks; ++block) {
        float sum = 0.F;
        for (std::size_t step = steps * block / blocks; step < steps * (block + 1) / blocks; ++step) {
            for (const auto& [of_a, of_b] : products) {
                float even_and_odd[2] = {0.F, 0.F};
                for (std::size_t k = step * depth; k < (step + 1) * depth; ++k) {
                    float& chain = even_and_odd[k % 2];
                    chain = std::fma(parts_of(a[k], 0x8000U)[of_a], parts_of_b(k)[of_b], chain);
                }
                sum += even_and_odd[0] + even_and_odd[1];
            }
        }
        total = block == 0 ? sum : total + sum;
    }
    if (std::isfinite(total)) return total;
    total = 0.F;
    for (std::size_t k = 0; k < a.size(); ++k) total = std::fma(a[k], parts_of_b(k)[0] + parts_of_b(k)[1], total);
    return total;
}

inline float plain_activation(Activation activation, float x) {
    const auto clamp = [](float v) { return 0.F > v ? 0.F : (6.F < v ? 6.F : v); };
    switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return 0.F > x ? 0.F : x;
    case Activation::hard_sigmoid: return clamp(x + 3.F) / 6.F;
    case Activation::hard_swish: return x * (clamp(x + 3.F) / 6.F);
    }
    return x;
}

inline constexpr std::array all_activations{Activation::none, Activation::relu, Activation::hard_swish,
                                            Activation::hard_sigmoid};

/// Runs a test at every instruction set that the machine has.
class IsaTest : public testing::TestWithParam<Isa> {
protected:
    [[nodiscard]] static Isa isa() { return GetParam(); }
    [[nodiscard]] static const KernelTable& kernels() { return kernel_table(GetParam()); }
};

#define INSTANTIATE_FOR_ISAS(fixture)                                                                                  \
    INSTANTIATE_TEST_SUITE_P(All, fixture, testing::ValuesIn(available_isas().begin(), available_isas().end()),        \
                             [](const auto& test) { return std::string(to_string(test.param)); })

} // namespace detect::test
