// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <string>
#include <string_view>

namespace detect::cli {

/// Writes a result for programs: "-" is standard output, anything else a file, which appears whole or not at all.
Result<void> write_text(const std::string& destination, std::string_view text);

/// Whether standard output is a pipe that nobody reads any more. That is no failure: what is wanted has been read.
[[nodiscard]] bool nobody_reads_output();

} // namespace detect::cli
