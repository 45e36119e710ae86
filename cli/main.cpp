// SPDX-License-Identifier: Apache-2.0
#include "base/temporary.h"
#include "cli/commands.h"
#include "cli/ending_signals.h"
#include "cli/exit_code.h"
#include "cli/terminal_help.h"
#include "cli/text_output.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <unistd.h>
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
    if (arrived || nobody_reads_output()) return code;
    const int failure = report({ErrorCode::unwritable_output, "standard output: cannot be written"});
    return code == done || code == detected || code == problems_found ? failure : code;
}

int run(int argc, char** argv) {
    CLI::App app{"Exports a Faster R-CNN MobileNetV3-FPN from torchvision to ONNX, and finds objects with it.",
                 "detect"};
    app.set_version_flag("--version", "detect " DETECT_VERSION);
    app.require_subcommand(0, 1);
    app.footer(std::string(exit_code_help));
    app.formatter(std::make_shared<TerminalHelp>()); // the verbs take it over

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

/// A file that is opened must not get the number of a standard stream that is closed: what is printed would go into it.
/// Each is opened for what nobody does with it, so that printing still fails.
void open_standard_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
        if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream) return;
    }
}

/// Where an exception cannot be passed on. That is memory that ended while something was destroyed: nlohmann's lists
/// ask for some in their destructor. It is an error like any other then, which leaves nothing half-written.
[[noreturn]] void end_without_memory() {
    try {
        if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
    } catch (const std::bad_alloc&) {
        constexpr std::string_view sentence = "detect: not enough memory\n";
        if (::write(STDERR_FILENO, sentence.data(), sentence.size()) < 0) std::abort();
        detect::remove_own_temporary_files();
        std::_Exit(other_failure);
    } catch (...) {
        std::abort();
    }
    std::abort();
}

/// Ends the program without the destructors of libraries: OpenBLAS, which OpenCV brings along, waits there for a thread
/// of its own, and where memory is short (ulimit -v) that one never ends. What is ours has been written and closed.
[[noreturn]] void leave(int code) {
    std::cout.flush();
    std::fflush(nullptr);
#ifdef DETECT_SANITIZED
    std::exit(code); // leaks are looked for there
#else
    std::_Exit(code);
#endif
}

} // namespace

} // namespace detect::cli

int main(int argc, char** argv) {
    using namespace detect::cli;
    open_standard_streams();
    end_well_on_signals();
    std::set_terminate(end_without_memory);
    std::signal(SIGPIPE, SIG_IGN); // a write to a broken pipe is to fail, not to end the program
    std::signal(SIGXFSZ, SIG_IGN); // and so is one beyond the limit for files
    try {
        leave(check_output(run(argc, argv)));
    } catch (const std::bad_alloc&) {
        tell("detect: not enough memory");
    } catch (const std::exception& error) {
        tell("detect: internal error: " + std::string(error.what()));
    }
    leave(other_failure);
}
