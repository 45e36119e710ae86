// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace detect {

/// What scratch memory is cut into, so that no two threads share a line.
inline constexpr std::size_t cache_line_bytes = 64;
inline constexpr std::size_t floats_per_line = cache_line_bytes / sizeof(float);

/// a / b, rounded up.
[[nodiscard]] constexpr std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// The next multiple.
[[nodiscard]] constexpr std::size_t round_up(std::size_t a, std::size_t multiple) {
    return divide_up(a, multiple) * multiple;
}

/// Floats that fill whole cache lines.
[[nodiscard]] constexpr std::size_t whole_lines(std::size_t floats) { return round_up(floats, floats_per_line); }

} // namespace detect
