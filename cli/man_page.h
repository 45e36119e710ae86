// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// detect(1) in roff's man macros, made from the declarations that --help is made from.
[[nodiscard]] std::string man_page(const CLI::App& app, const std::string& version);

} // namespace detect::cli
