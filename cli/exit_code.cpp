// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

#include "base/text.h"
#include "checkpoint/setting_table.h"

#include <iostream>
#include <string>
#include <utility>

namespace detect::cli {

std::string with_flags(std::string message) {
    for (const Setting& setting : setting_table()) {
        const std::string words = "the setting " + std::string(setting.key);
        std::size_t at = setting.flag.empty() ? std::string::npos : message.find(words);
        for (; at != std::string::npos; at = message.find(words, at)) message.replace(at, words.size(), setting.flag);
    }
    // What else the library calls by another name.
    for (const auto& [words, flag] : {std::pair<std::string_view, std::string_view>{"set bits to ", "give --bits "},
                                      {"look at it in tiles of ", "give --tile "}}) {
        if (const std::size_t at = message.find(words); at != std::string::npos)
            message.replace(at, words.size(), flag);
    }
    return message;
}

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
    tell("detect: " + with_flags(error.message));
    return code;
}

void note(std::string_view message) { tell("detect: note: " + std::string(message)); }
void warn(std::string_view message) { tell("detect: warning: " + std::string(message)); }

void tell(std::string_view line) { std::cerr << without_controls(line, ' ') + "\n"; } // names in it may hold anything

} // namespace detect::cli
