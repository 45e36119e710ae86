// SPDX-License-Identifier: Apache-2.0
#include "cli/bash_completion.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/man_page.h"
#include "cli/text_output.h"

#include <memory>
#include <string>

namespace detect::cli {

namespace {

int print(const std::string& text) {
    const auto written = write_text("-", text);
    return written ? done : report(written.error());
}

} // namespace

Command add_completion_command(CLI::App& app) {
    auto shell = std::make_shared<std::string>();
    app.add_option("shell", *shell, "The shell to complete in")->required()->check(CLI::IsMember({"bash"}));
    app.footer("Example: source <(detect completion bash)\n" + std::string(exit_code_help));
    return [&app, shell] { return print(bash_completion(*app.get_parent())); };
}

Command add_man_command(CLI::App& app) {
    app.footer("Example: detect man | man -l -\n" + std::string(exit_code_help));
    return [&app] { return print(man_page(*app.get_parent(), DETECT_VERSION)); };
}

} // namespace detect::cli
