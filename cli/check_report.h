// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check/check.h"

#include <string>

namespace detect::cli {

/// The report for a person, wrapped at 100 columns. `export_line`: how to make a sound file; may be empty.
[[nodiscard]] std::string to_text(const checking::CheckReport& report, const checking::CheckOptions& options,
                                  const std::string& export_line);

/// The same for programs.
[[nodiscard]] std::string to_json(const checking::CheckReport& report, const checking::CheckOptions& options,
                                  const std::string& export_line);

} // namespace detect::cli
