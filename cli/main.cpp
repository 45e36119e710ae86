#include "cli/commands.h"
#include "cli/exit_code.h"

#include <exception>
#include <iostream>
#include <utility>
#include <vector>

int main(int argc, char** argv) {
    using namespace detect::cli;
    CLI::App app{"Faster R-CNN MobileNetV3-FPN from torchvision: export to ONNX, run, draw boxes.", "detect"};
    app.set_version_flag("--version", "detect " DETECT_VERSION);
    app.require_subcommand(1);
    app.footer(std::string(exit_code_help));

    std::vector<std::pair<CLI::App*, Command>> commands;
    const auto add = [&](const char* name, const char* description, Command (*declare)(CLI::App&)) {
        CLI::App* verb = app.add_subcommand(name, description);
        commands.emplace_back(verb, declare(*verb));
    };
    add("export", "Turn a checkpoint into an ONNX file, verified on a real picture", add_export_command);
    add("run", "Find objects in pictures and draw them", add_run_command);
    add("info", "Show what an ONNX file holds", add_info_command);

    try {
        app.parse(argc, argv);
        for (const auto& [verb, command] : commands) {
            if (verb->parsed()) return command();
        }
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        std::cerr << "detect: " << error.what() << "; see 'detect --help'\n";
        return usage;
    } catch (const std::bad_alloc&) {
        std::cerr << "detect: not enough memory\n";
        return other_failure;
    } catch (const std::exception& error) {
        std::cerr << "detect: internal error: " << error.what() << "\n";
        return other_failure;
    }
    return usage;
}
