// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace detect::test {

struct ProcessOptions {
    std::chrono::milliseconds timeout = std::chrono::minutes(2);
    std::optional<std::filesystem::path> working_directory = std::nullopt;
    /// Set on top of this process's environment.
    std::map<std::string, std::string> environment = {};
    /// What the program reads on its standard input; it ends after that.
    std::string input = {};
    /// Bound on the address space, in bytes (RLIMIT_AS); 0 for none.
    std::size_t memory_limit = 0;
};

struct ProcessResult {
    /// The exit code; -1 if a signal ended it or it could not be started.
    int exit_code = -1;
    /// The signal that ended it; 0 if none did.
    int signal = 0;
    bool timed_out = false;
    std::string output;
    std::string errors;
};

/// Runs a program (arguments[0]: a path, or a name to look up in PATH) and waits for it. If it takes longer than the
/// timeout, it and what it started are killed.
[[nodiscard]] ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

/// For failure messages: how it ended, and what it wrote.
[[nodiscard]] std::string describe(const ProcessResult& result);

} // namespace detect::test
