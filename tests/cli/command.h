// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect::test {

/// Runs the `detect` command with these arguments in `folder`.
[[nodiscard]] ProcessResult run_detect(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

/// The path of the program, for what a shell has to do with it.
[[nodiscard]] std::string detect_command();
[[nodiscard]] std::string detect_version();

/// The program ended by itself with exit code 0.
testing::AssertionResult succeeded(const ProcessResult& result);

/// The program ended by itself with this exit code, printed nothing on standard output, and its last word on standard
/// error is the only line there that begins with "detect: ", notes and warnings aside.
testing::AssertionResult refused(const ProcessResult& result, int exit_code);

/// That line without its "detect: ".
[[nodiscard]] std::string error_line(const ProcessResult& result);

/// No crash, no exception that nobody caught, no sanitizer's report: success, or a refusal with any documented code.
testing::AssertionResult ended_properly(const ProcessResult& result);

/// The JSON on standard output: nothing may stand around it.
[[nodiscard]] nlohmann::json parse_output(const ProcessResult& result);

/// Names of what is in a folder, sorted.
[[nodiscard]] std::vector<std::string> files_in(const std::filesystem::path& folder);

} // namespace detect::test
