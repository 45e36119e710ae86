// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Values of settings as text, in metadata and on the command line: "0.05", "32,64,128", names as a JSON list. A number
/// is the shortest text that reads back to the same value.
namespace detect {

[[nodiscard]] std::string to_text(std::int64_t value);
[[nodiscard]] std::string to_text(float value);
[[nodiscard]] std::string to_text(const std::vector<std::int64_t>& values);
[[nodiscard]] std::string to_text(const std::vector<float>& values);
[[nodiscard]] std::string to_text(const std::vector<std::string>& names);

/// The whole text, or `invalid_argument` and `value` as it was.
[[nodiscard]] Result<void> read_text(std::string_view text, std::int64_t& value);
[[nodiscard]] Result<void> read_text(std::string_view text, float& value);
[[nodiscard]] Result<void> read_text(std::string_view text, std::vector<std::int64_t>& values);
[[nodiscard]] Result<void> read_text(std::string_view text, std::vector<float>& values);
[[nodiscard]] Result<void> read_text(std::string_view text, std::vector<std::string>& names);

} // namespace detect
