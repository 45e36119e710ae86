// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

#include <iostream>
#include <string>

namespace detect::cli {

ExitCode exit_code(ErrorCode code) {
    switch (code) {
    case ErrorCode::invalid_argument: return usage;
    case ErrorCode::unreadable_input: return unreadable_input;
    case ErrorCode::bad_model:
    case ErrorCode::unsupported: return bad_model;
    case ErrorCode::unwritable_output:
    case ErrorCode::resource_limit:
    case ErrorCode::verification_failed:
    case ErrorCode::internal: return other_failure;
    }
    return other_failure;
}

int report(const Error& error) { return report(error, exit_code(error.code)); }

int report(const Error& error, ExitCode code) {
    std::string line = error.message;
    for (char& c : line) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c; // names may hold anything
    std::cerr << "detect: " << line << "\n";
    return code;
}

void note(std::string_view message) { std::cerr << "detect: note: " << message << "\n"; }
void warn(std::string_view message) { std::cerr << "detect: warning: " << message << "\n"; }

} // namespace detect::cli
