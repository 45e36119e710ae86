// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <filesystem>
#include <set>
#include <span>
#include <string>

namespace detect::cli {

/// The files a command reads. What a user has is never overwritten with what is made of it.
class InputFiles {
public:
    InputFiles() = default;
    explicit InputFiles(std::span<const std::string> files);

    /// `invalid_argument` if `destination` is one of these files, however it is spelled; `unwritable_output` if there
    /// cannot be a file of this name: better said before the work than after.
    [[nodiscard]] Result<void> check_destination(const std::filesystem::path& destination) const;
    /// The same, and what a program that was killed left on the way to this file is removed.
    [[nodiscard]] Result<void> prepare_destination(const std::filesystem::path& destination) const;

private:
    std::set<std::filesystem::path> files_;
};

} // namespace detect::cli
