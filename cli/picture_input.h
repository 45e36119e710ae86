// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/picture.h"

#include <filesystem>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// Declares `--bits`, for every verb that looks at pictures. Returns the option, for its group.
CLI::Option* add_bits_option(CLI::App& command, int& bits);

/// A file that stands for one picture, as it is to be looked at: with `bits`, if it has 16-bit samples.
/// `unreadable_input` naming the file if it cannot be read, or its values are not what a picture's are.
[[nodiscard]] Result<Picture> read_input_picture(const std::filesystem::path& file, int bits);

/// Sets the bits, and checks the values. `invalid_argument`, without a file's name.
[[nodiscard]] Result<void> apply_bits(Picture& picture, int bits);

} // namespace detect::cli
