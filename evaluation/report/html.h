// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/escape.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Text and numbers as they stand in an HTML page.
namespace detect::evaluation::html {

/// For text and for attributes in quotes; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] inline std::string escape(std::string_view text) { return html_text(text); }

[[nodiscard]] std::string base64(std::span<const std::byte> bytes);

/// "0.58"
[[nodiscard]] std::string decimal(double value, int digits);
/// "0.584", an en dash where there is none.
[[nodiscard]] std::string figure(const std::optional<double>& value);
/// "87 %" with a narrow space, an en dash where there is none. Only what is all or nothing becomes 100 % or 0 %.
[[nodiscard]] std::string percent(const std::optional<double>& share);
/// "2 409", thousands set apart.
[[nodiscard]] std::string count(std::size_t value);
/// "1 object", "2 objects".
[[nodiscard]] std::string counted(std::size_t value, std::string_view one, std::string_view several);

} // namespace detect::evaluation::html
