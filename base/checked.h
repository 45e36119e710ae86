// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// Arithmetic on sizes and offsets that come from files: nullopt instead of a wrapped result.
namespace detect {

template <std::integral T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) {
    T result{};
    if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
    return result;
}

template <std::integral T>
[[nodiscard]] constexpr std::optional<T> checked_mul(T a, T b) {
    T result{};
    if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
    return result;
}

/// Number of elements of a tensor with these sizes; nullopt if one is negative or the product does not fit.
[[nodiscard]] constexpr std::optional<std::int64_t> checked_element_count(std::span<const std::int64_t> sizes) {
    std::int64_t count = 1;
    bool has_zero = false;
    for (const std::int64_t size : sizes) {
        if (size < 0) return std::nullopt;
        has_zero = has_zero || size == 0;
    }
    if (has_zero) return 0;
    for (const std::int64_t size : sizes) {
        const auto product = checked_mul(count, size);
        if (!product) return std::nullopt;
        count = *product;
    }
    return count;
}

/// Bytes of a tensor with these sizes, of elements of so many bytes; nullopt as for its elements.
[[nodiscard]] constexpr std::optional<std::int64_t> checked_byte_count(std::span<const std::int64_t> sizes,
                                                                       std::size_t element_size) {
    const auto count = checked_element_count(sizes);
    return count ? checked_mul(*count, static_cast<std::int64_t>(element_size)) : std::nullopt;
}

} // namespace detect
