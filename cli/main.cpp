// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/text_output.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>
#include <vector>

namespace detect::cli {

namespace {

int report_usage(const CLI::App& app, const std::string& what) {
    const auto parsed = app.get_subcommands();
    const std::string verb = parsed.empty() ? "" : parsed.front()->get_name() + " ";
    return report({ErrorCode::invalid_argument, what + "; see 'detect " + verb + "--help'"});
}

/// What was printed may not have arrived: a full disk shows only when the buffers are emptied.
int check_output(int code) {
    std::cout.flush();
    const bool arrived = std::fflush(stdout) == 0 && std::cout.good();
    if (arrived || code != done || nobody_reads_output()) return code;
    return report({ErrorCode::unwritable_output, "standard output: cannot be written"});
}

int run(int argc, char** argv) {
    CLI::App app{"Exports a Faster R-CNN MobileNetV3-FPN from torchvision to ONNX, and finds objects with it.",
                 "detect"};
    app.set_version_flag("--version", "detect " DETECT_VERSION);
    app.require_subcommand(0, 1);
    app.footer(std::string(exit_code_help));

    std::vector<std::pair<CLI::App*, Command>> commands;
    const auto add = [&](const char* name, const char* description, Command (*declare)(CLI::App&)) {
        CLI::App* verb = app.add_subcommand(name, description);
        commands.emplace_back(verb, declare(*verb));
    };
    add("export", "Turn a checkpoint into an ONNX file, verified on a real picture", add_export_command);
    add("run", "Find objects in pictures and draw them", add_run_command);
    add("info", "Show what an ONNX file holds", add_info_command);
    add("tensor", "Run any ONNX file on NumPy arrays", add_tensor_command);
    add("check", "Say what is wrong with an ONNX file, and what to do about it", add_check_command);
    add("bench", "Measure how long a model takes", add_bench_command);
    add("eval", "Measure how good a model is on annotated pictures", add_eval_command);
    add("completion", "Print a script that completes the command line in a shell", add_completion_command);
    add("man", "Print the manual page", add_man_command);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        return report_usage(app, error.what());
    }
    for (const auto& [verb, command] : commands) {
        if (verb->parsed()) return command();
    }
    return report_usage(app, "give a verb: export, run, info, check, tensor, bench, eval, completion or man");
}

/// Ends the program without the destructors of libraries: OpenBLAS, which OpenCV brings along, waits there for a thread
/// of its own, and where memory is short (ulimit -v) that one never ends. What is ours has been written and closed.
[[noreturn]] void leave(int code) {
    std::cout.flush();
    std::fflush(nullptr);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    std::exit(code); // leaks are looked for there
#else
    std::_Exit(code);
#endif
}

} // namespace

} // namespace detect::cli

int main(int argc, char** argv) {
    using namespace detect::cli;
    std::signal(SIGPIPE, SIG_IGN); // a write to a broken pipe is to fail, not to end the program
    try {
        leave(check_output(run(argc, argv)));
    } catch (const std::bad_alloc&) {
        std::cerr << "detect: not enough memory\n";
    } catch (const std::exception& error) {
        std::cerr << "detect: internal error: " << error.what() << "\n";
    }
    leave(other_failure);
}
