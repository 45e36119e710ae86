// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// A script for bash, made from the declarations that --help is made from: `source <(detect completion bash)`.
[[nodiscard]] std::string bash_completion(const CLI::App& app);

} // namespace detect::cli
