// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_help.h"

#include "base/text_table.h"

namespace detect::cli {

namespace {

constexpr std::size_t terminal_columns = 80;

} // namespace

std::string TerminalHelp::make_option_desc(const CLI::Option* option) const {
    std::string lines = wrapped(option->get_description(), terminal_columns - get_column_width());
    lines.pop_back(); // CLI11 ends the last one
    return lines;
}

} // namespace detect::cli
