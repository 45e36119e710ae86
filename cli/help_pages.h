// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

/// Help in other forms, made from the declarations that --help is made from.
namespace detect::cli {

/// A script for bash: `source <(detect completion bash)`.
[[nodiscard]] std::string bash_completion(const CLI::App& app);

/// detect(1), in roff's man macros.
[[nodiscard]] std::string man_page(const CLI::App& app, const std::string& version);

} // namespace detect::cli
