// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace detect {

/// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits, as `sha256sum` prints it.
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);

/// The same of a file's bytes. `unreadable_input` if it cannot be read, or is empty.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& file);

} // namespace detect
