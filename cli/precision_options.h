// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/reduced_precision.h"

#include <CLI/CLI.hpp>

#include <string>

namespace detect::cli {

/// What `detect export` was told about precision, as it was given.
struct PrecisionArguments {
    std::string precision = "fp32";
    std::string calibration_folder;
    std::size_t calibration_images = 300;
    bool portable = false;
};

void add_precision_options(CLI::App& command, PrecisionArguments& arguments);

/// `invalid_argument` for options that do not go together, `unreadable_input` for a calibration folder without
/// pictures. `bits`: of 16-bit samples, see picture_input.h. Pictures are taken evenly from the folder's, by name, and
/// read when they are needed.
[[nodiscard]] Result<PrecisionOptions> read_precision(const CLI::App& command, const PrecisionArguments& arguments,
                                                      int bits);

/// On standard output; nothing for fp32.
void print_precision(const PrecisionReport& report);

} // namespace detect::cli
