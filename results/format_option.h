// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace detect {

/// How a command line asks for something of a result format. Here and nowhere else does a format know of flags.
struct FormatOption {
    /// With its dashes.
    std::string_view flag = {};
    /// What stands behind it: FILE or DIR.
    std::string_view value = {};
    /// One sentence, without a full stop.
    std::string_view help = {};
};

} // namespace detect
