// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

/// Which encoding a text from outside is in. It is taken as UTF-8 or not at all.
namespace detect {

/// What some editors put in front of UTF-8.
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Whether a text that begins so is UTF-16 or UTF-32: by its mark, or since every other byte is zero.
[[nodiscard]] bool is_utf16(std::string_view text);

/// Where the first byte is that is not UTF-8, from 0.
[[nodiscard]] std::optional<std::size_t> first_byte_beyond_utf8(std::string_view text);

} // namespace detect
