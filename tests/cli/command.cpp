// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command.h"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace detect::test {

namespace {

constexpr std::string_view prefix = "detect: ";

/// Lines that say what went wrong, in order; `last_is_one` tells whether nothing follows.
struct ErrorLines {
    std::vector<std::string> lines;
    bool last_is_one = false;
};

ErrorLines find_error_lines(const std::string& errors) {
    ErrorLines found;
    std::istringstream stream(errors);
    for (std::string line; std::getline(stream, line);) {
        found.last_is_one =
            line.starts_with(prefix) && !line.starts_with("detect: note: ") && !line.starts_with("detect: warning: ");
        if (found.last_is_one) found.lines.push_back(line.substr(prefix.size()));
    }
    return found;
}

testing::AssertionResult failure(const ProcessResult& result, std::string_view what) {
    return testing::AssertionFailure() << what << ": " << describe(result);
}

/// What no user may ever see.
bool crashed(const ProcessResult& result) {
    constexpr std::string_view marks[] = {"terminate called", "Sanitizer", "runtime error:", "internal error"};
    return result.signal != 0 || result.timed_out || std::ranges::any_of(marks, [&](std::string_view mark) {
               return result.errors.find(mark) != std::string::npos;
           });
}

} // namespace

ProcessResult run_detect(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
    std::vector<std::string> all{DETECT_COMMAND};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_process(all, {.timeout = std::chrono::minutes(5), .working_directory = folder});
}

std::string detect_command() { return DETECT_COMMAND; }
std::string detect_version() { return DETECT_VERSION; }

testing::AssertionResult succeeded(const ProcessResult& result) {
    if (crashed(result)) return failure(result, "crashed");
    if (result.exit_code != 0) return failure(result, "exit code 0 expected");
    if (!find_error_lines(result.errors).lines.empty()) return failure(result, "complains, but exit code 0");
    return testing::AssertionSuccess();
}

testing::AssertionResult refused(const ProcessResult& result, int exit_code) {
    if (crashed(result)) return failure(result, "crashed");
    if (result.exit_code != exit_code) return failure(result, "exit code " + std::to_string(exit_code) + " expected");
    if (!result.output.empty()) return failure(result, "nothing expected on standard output");
    const ErrorLines errors = find_error_lines(result.errors);
    if (errors.lines.size() != 1) return failure(result, "one line that begins with 'detect: ' expected");
    if (!errors.last_is_one) return failure(result, "nothing expected behind the error");
    if (!result.errors.ends_with('\n')) return failure(result, "the error is to end its line");
    return testing::AssertionSuccess();
}

std::string error_line(const ProcessResult& result) {
    const ErrorLines errors = find_error_lines(result.errors);
    return errors.lines.empty() ? "" : errors.lines.back();
}

testing::AssertionResult ended_properly(const ProcessResult& result) {
    if (result.exit_code == 0) return succeeded(result);
    if (result.exit_code == 2 || result.exit_code > 5) return failure(result, "exit code 1, 3, 4 or 5 expected");
    return refused(result, result.exit_code);
}

nlohmann::json parse_output(const ProcessResult& result) {
    auto json = nlohmann::json::parse(result.output, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << "no JSON: " << describe(result);
    return json;
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

} // namespace detect::test
