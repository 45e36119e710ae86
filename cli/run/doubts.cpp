// SPDX-License-Identifier: Apache-2.0
#include "cli/run/doubts.h"

namespace detect::cli {

namespace {

/// Of each kind.
constexpr std::int64_t said_one_by_one = 3;

} // namespace

std::vector<std::string> DoubtMessages::of(const std::string& name, std::span<const Remark> warnings) {
    std::vector<std::string> sentences;
    for (const Remark& warning : warnings) {
        if (++counts_[warning.code] <= said_one_by_one) sentences.push_back(name + ": " + warning.message);
    }
    return sentences;
}

std::vector<std::string> DoubtMessages::rest() const {
    std::vector<std::string> sentences;
    for (const auto& [code, count] : counts_) {
        if (count > said_one_by_one)
            sentences.push_back("the same of " + std::to_string(count - said_one_by_one) + " more pictures (" + code +
                                ")");
    }
    return sentences;
}

} // namespace detect::cli
