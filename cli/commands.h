// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// A verb of the command: its options are declared on `app`, and the function runs it and returns the exit code.
/// Arguments live in the function.
using Command = std::function<int()>;

Command add_export_command(CLI::App& app);
Command add_run_command(CLI::App& app);
Command add_info_command(CLI::App& app);
Command add_tensor_command(CLI::App& app);
Command add_check_command(CLI::App& app);
Command add_bench_command(CLI::App& app);
Command add_eval_command(CLI::App& app);
Command add_completion_command(CLI::App& app);
Command add_man_command(CLI::App& app);

} // namespace detect::cli
