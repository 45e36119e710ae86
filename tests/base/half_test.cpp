// SPDX-License-Identifier: Apache-2.0
#include "base/half.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace detect {
namespace {

/// sign · 2^(exponent - 15) · 1.mantissa, or 2^-14 · 0.mantissa: IEEE 754-2019, section 3.4, worked out in double.
double by_definition(unsigned half) {
    const double sign = (half & 0x8000U) != 0 ? -1 : 1;
    const int exponent = static_cast<int>((half >> 10U) & 0x1fU);
    const double fraction = (half & 0x3ffU) / 1024.0;
    if (exponent == 31) return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
    return exponent == 0 ? sign * std::ldexp(fraction, -14) : sign * std::ldexp(1 + fraction, exponent - 15);
}

TEST(Half, EveryValueWidensExactlyAndComesBack) {
    for (unsigned bits = 0; bits < 0x10000U; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = half_to_float(half);
        if (std::isnan(by_definition(bits))) {
            EXPECT_TRUE(std::isnan(value)) << bits;
            EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value)))) << bits;
            continue;
        }
        ASSERT_EQ(static_cast<double>(value), by_definition(bits)) << bits;
        ASSERT_EQ(std::signbit(value), (bits & 0x8000U) != 0) << bits;
        ASSERT_EQ(float_to_half(value), half);
    }
}

TEST(Half, RoundsToNearestAndTiesToEven) {
    // Between neighbouring halves: the middle goes to the even one, and one float to either side goes to the nearer.
    for (unsigned bits = 0; bits < 0x7bffU; ++bits) {
        const auto low = static_cast<std::uint16_t>(bits);
        const auto high = static_cast<std::uint16_t>(bits + 1);
        const float middle = (half_to_float(low) + half_to_float(high)) / 2;
        ASSERT_EQ(float_to_half(middle), bits % 2 == 0 ? low : high) << bits;
        ASSERT_EQ(float_to_half(-middle), (bits % 2 == 0 ? low : high) | 0x8000) << bits;
        ASSERT_EQ(float_to_half(std::nextafter(middle, 0.0F)), low) << bits;
        ASSERT_EQ(float_to_half(std::nextafter(middle, 1e9F)), high) << bits;
    }
}

TEST(Half, LeavesItsRangeAtTheRightPlace) {
    EXPECT_EQ(float_to_half(65504.0F), 0x7bff);
    EXPECT_EQ(float_to_half(std::nextafter(65520.0F, 0.0F)), 0x7bff);
    EXPECT_EQ(float_to_half(65520.0F), 0x7c00);
    EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xfc00);
    EXPECT_EQ(float_to_half(0x1p-25F), 0) << "half of the smallest subnormal is a tie, and 0 is even";
    EXPECT_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Half, BrainFloatIsTheUpperHalfOfAFloat) {
    EXPECT_EQ(bfloat16_to_float(0x3f80), 1.0F);
    EXPECT_EQ(bfloat16_to_float(0xc2f7), -123.5F);
}

} // namespace
} // namespace detect
