// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

/// Conversions between element types that are defined for every value.
namespace detect::reference {

/// Integers wrap; floats are cut towards zero and saturate, NaN becomes 0; anything but 0 is true.
template <class To, class From>
[[nodiscard]] constexpr To convert(From value) {
    if constexpr (std::is_same_v<To, bool>) {
        return value != From{0};
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
        // The upper limit of a wide integer rounds up to the next power of two, which is already too large.
        constexpr auto above = static_cast<From>(std::numeric_limits<To>::max());
        constexpr auto below = static_cast<From>(std::numeric_limits<To>::min());
        if (value != value) return To{0};
        if (value >= above) return std::numeric_limits<To>::max();
        if (value <= below) return std::numeric_limits<To>::min();
        return static_cast<To>(value);
    } else {
        return static_cast<To>(value);
    }
}

/// IEEE binary16, held as its bits.
[[nodiscard]] inline float half_to_float(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
    const std::uint32_t exponent = (half >> 10U) & 0x1FU;
    const std::uint32_t mantissa = half & 0x3FFU;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13U));
    if (exponent == 0) {
        // Subnormal: mantissa × 2^-24.
        const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
        return sign != 0 ? -magnitude : magnitude;
    }
    return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (mantissa << 13U));
}

/// Rounds to nearest, ties to even; too large becomes infinity, NaN stays NaN.
[[nodiscard]] inline std::uint16_t float_to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
    if (magnitude >= 0x47800000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
    if (magnitude < 0x38800000U) {
        // Below 2^-14 the step is 2^-24 throughout.
        const float steps = std::nearbyint(std::ldexp(std::fabs(value), 24));
        return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(steps));
    }
    // A carry out of the mantissa raises the exponent, as it should, up to infinity.
    const std::uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13U) & 1U);
    return static_cast<std::uint16_t>(sign | ((rounded >> 13U) - (112U << 10U)));
}

/// bfloat16: the upper half of a float32.
[[nodiscard]] inline float bfloat16_to_float(std::uint16_t value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}

[[nodiscard]] inline std::uint16_t float_to_bfloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

} // namespace detect::reference
