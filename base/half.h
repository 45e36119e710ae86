// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace detect {

/// IEEE 754 binary16 to float: exact for every value, subnormals, infinities and NaN included.
[[nodiscard]] inline float half_to_float(std::uint16_t half) {
    // Without branches, so that loops over it are vectorised.
    const std::uint32_t magnitude = half & 0x7fffU;
    // The exponent's bias is 15 in a half, 127 in a float. Infinity and NaN have all ones there in both.
    constexpr std::uint32_t rebias = (127U - 15U) << 23U;
    const std::uint32_t normal = (magnitude << 13U) + rebias + (magnitude >= 0x7c00U ? rebias : 0U);
    // A multiple of 2^-24, exact in a float, and normal there.
    const float subnormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24F;
    const std::uint32_t select = 0U - static_cast<std::uint32_t>(magnitude < 0x0400U);
    const std::uint32_t bits = (std::bit_cast<std::uint32_t>(subnormal) & select) | (normal & ~select);
    return std::bit_cast<float>(bits | (static_cast<std::uint32_t>(half & 0x8000U) << 16U));
}

/// Float to IEEE 754 binary16, rounded to nearest, ties to even. Magnitudes from 65520 up become infinity; NaN stays
/// NaN.
[[nodiscard]] inline std::uint16_t float_to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 16U) & 0x8000U;
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    const auto with_sign = [sign](std::uint32_t half) { return static_cast<std::uint16_t>(sign | half); };

    if (magnitude > 0x7f800000U) return with_sign(0x7e00U);                             // NaN
    if (magnitude >= std::bit_cast<std::uint32_t>(65520.0F)) return with_sign(0x7c00U); // rounds past the largest half
    if (magnitude < std::bit_cast<std::uint32_t>(0x1p-14F)) {
        // Subnormal. Beside 0.5, a float's last bit is worth 2^-24, as a half's is here: the addition does the
        // rounding.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return with_sign(std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F));
    }
    // Drop 13 bits of mantissa: add just under half of the last kept bit, and one more if that bit is odd (ties to
    // even).
    const std::uint32_t odd = (magnitude >> 13U) & 1U;
    return with_sign((magnitude - ((127U - 15U) << 23U) + 0xfffU + odd) >> 13U);
}

/// bfloat16 to float: the upper half of a float's bits.
[[nodiscard]] inline float bfloat16_to_float(std::uint16_t value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}

} // namespace detect
