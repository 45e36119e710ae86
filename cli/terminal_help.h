// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// The help page of a verb for a terminal of 80 columns: what options are for is wrapped beside their names, as CLI11
/// leaves it on one line. Footers stay as they are written: examples are copied as lines.
class TerminalHelp : public CLI::Formatter {
public:
    std::string make_option_desc(const CLI::Option* option) const override;
};

} // namespace detect::cli
