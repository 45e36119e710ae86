// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <string>
#include <string_view>

namespace detect::cli {

/// What the command's exit code says. Documented in --help and docs/troubleshooting.md.
enum ExitCode : int {
    done = 0,
    other_failure = 1,
    usage = 2,
    unreadable_input = 3,
    bad_model = 4,
    /// Something was not judged, or is doubtful with --strict.
    some_inputs_failed = 5,
    /// Of `detect check`.
    problems_found = 6,
    /// With --fail-on-detect.
    detected = 10,
    /// Ended by Ctrl-C, after what was in hand; by SIGTERM: 143; by SIGHUP: 129. As shells call it: 128 and the
    /// signal's number.
    interrupted = 130,
};

inline constexpr std::string_view exit_code_help =
    "Exit codes: 0 done (also when nothing is detected), 2 usage, 3 unreadable input,\n"
    "4 bad model, 5 a part was not judged (or is doubtful, with --strict),\n"
    "6 problems found (check), 10 something detected (with --fail-on-detect),\n"
    "130 interrupted, 1 anything else.";

[[nodiscard]] ExitCode exit_code(ErrorCode code);

/// The library speaks of a setting by its key, "the setting anchor_sizes", or of bits; here these have options.
[[nodiscard]] std::string with_flags(std::string message);

/// Prints "detect: <message>" as one line on stderr and returns the exit code.
int report(const Error& error);
int report(const Error& error, ExitCode code);

/// "detect: note: …" and "detect: warning: …" on stderr, as one line each.
void note(std::string_view message);
void warn(std::string_view message);

/// A line of its own on stderr: what goes on, what was written.
void tell(std::string_view line);

} // namespace detect::cli
