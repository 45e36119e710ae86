// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace detect {

/// File systems take 255 bytes for a name: this leaves room for what is put behind it, also while a file is written.
inline constexpr std::size_t longest_file_name = 200;

/// The name itself, or, if it is longer than that, its beginning, cut between two letters, and a number of its own
/// (FNV-1a, 64 bits) that is the same in every run.
[[nodiscard]] std::string short_file_name(std::string_view name);

} // namespace detect
