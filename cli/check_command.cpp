// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/check.h"
#include "check/exported_settings.h"
#include "checkpoint/setting_table.h"
#include "cli/check_report.h"
#include "cli/commands.h"
#include "cli/example_image.h"
#include "cli/exit_code.h"
#include "cli/input_files.h"
#include "cli/model_source.h"
#include "cli/picture_input.h"
#include "cli/settings_options.h"
#include "cli/text_output.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include <unistd.h>

namespace detect::cli {

namespace {

struct CheckArguments {
    std::string model;
    std::string image;
    int bits = 0;
    std::string weights;
    std::string json;
    std::string target = "onnxruntime";
    SettingsArguments settings;
};

std::vector<std::string> target_names() {
    std::vector<std::string> names;
    for (const checking::Runtime runtime : checking::all_runtimes()) names.emplace_back(to_string(runtime));
    return names;
}

checking::Runtime target_of(const std::string& name) {
    for (const checking::Runtime runtime : checking::all_runtimes()) {
        if (to_string(runtime) == name) return runtime;
    }
    return checking::Runtime::onnxruntime;
}

/// As a shell reads it back.
std::string quoted(const std::string& text) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("_-./,:=+@%").find(c) != std::string_view::npos;
    };
    if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

/// The command that makes a sound file of the checkpoint: with the settings that were given, and those that were found.
std::string export_line(const CLI::App& command, const CheckArguments& arguments, const SettingsOverrides& settings) {
    if (arguments.weights.empty()) return "";
    const std::string image = arguments.image.empty() ? "PICTURE" : quoted(arguments.image);
    std::string line = "detect export --weights " + quoted(arguments.weights) + " --image " + image;
    for (const std::string& flag : settings_flags()) {
        if (command.count(flag) > 0) line += " " + flag + " " + quoted(command.get_option(flag)->results().back());
    }
    for (const Setting& setting : setting_table()) {
        const std::string flag(setting.flag);
        const auto found = override_text(setting, settings);
        if (!flag.empty() && command.count(flag) == 0 && found) line += " " + flag + " " + quoted(*found);
    }
    std::filesystem::path output = arguments.model;
    output.replace_filename(output.stem().string() + "_sound.onnx");
    return line + " -o " + quoted(output.string());
}

Result<checking::CheckOptions> read_options(const CLI::App& command, const CheckArguments& arguments) {
    checking::CheckOptions options;
    DETECT_TRY_ASSIGN(GivenSettings given, read_settings(command, arguments.settings));
    if (arguments.weights.empty() && !given.first_option.empty() && given.first_option != "--labels") {
        return Error{ErrorCode::invalid_argument,
                     given.first_option + " is for the checkpoint; give that with --weights"};
    }
    options.target = target_of(arguments.target);
    note_unread(arguments.settings, given);
    options.labels = given.overrides.labels;
    options.settings = checking::with_defaults(std::move(given.overrides), given.file.values);
    if (!arguments.weights.empty()) options.weights = arguments.weights;
    if (!arguments.image.empty()) {
        DETECT_TRY_ASSIGN(options.image, read_example_image(arguments.image, arguments.bits));
    }
    // Looking takes a few seconds, which a person wants to see pass.
    if (::isatty(STDERR_FILENO) != 0) options.progress = tell;
    return options;
}

Result<int> run(const CLI::App& command, const CheckArguments& arguments) {
    if (looks_like_checkpoint(arguments.model)) {
        return Error{ErrorCode::unreadable_input,
                     arguments.model + ": is a checkpoint, not an ONNX file; make one with 'detect export'"};
    }
    if (!arguments.json.empty() && arguments.json != "-") {
        const InputFiles inputs(std::vector<std::string>{arguments.model, arguments.image, arguments.weights});
        DETECT_TRY(inputs.prepare_destination(arguments.json));
    }
    DETECT_TRY_ASSIGN(const checking::CheckOptions options, read_options(command, arguments));
    DETECT_TRY_ASSIGN(const checking::CheckReport report, check_model(arguments.model, options));
    const std::string line = export_line(command, arguments, report.settings);
    // Standard output has the one or the other.
    if (arguments.json != "-") std::cout << to_text(report, options, line);
    if (!arguments.json.empty()) DETECT_TRY(write_text(arguments.json, to_json(report, options, line)));
    return report.has_problems() ? problems_found : done;
}

constexpr const char* examples =
    "Examples: detect check model.onnx --image board.png\n"
    "          detect check model.onnx --image board.png --weights best.pth --min-size 1024 --max-size 1024\n"
    "          detect check model.onnx --target tensorrt --json report.json\n"
    "Errors and warnings are problems; costs are not. The file is judged as the program named by --target would run "
    "it.\n";

} // namespace

Command add_check_command(CLI::App& app) {
    auto arguments = std::make_shared<CheckArguments>();
    app.add_option("model", arguments->model, "The ONNX file to check, from any exporter")
        ->required()
        ->type_name("FILE");
    app.add_option("--image", arguments->image, "A real picture on which the model finds something")->type_name("FILE");
    add_bits_option(app, arguments->bits);
    app.add_option("--weights", arguments->weights,
                   "The checkpoint that the file was made from: compare the file with our own export of it")
        ->type_name("FILE");
    app.add_option("--target", arguments->target, "The program that will run the file")
        ->check(CLI::IsMember(target_names()))
        ->capture_default_str();
    app.add_option("--json", arguments->json, "Write the report as JSON; - for standard output")->type_name("FILE");
    add_settings_options(app, arguments->settings);
    app.footer(examples + std::string(exit_code_help));
    return [&app, arguments] {
        const auto code = run(app, *arguments);
        return code ? *code : report(code.error());
    };
}

} // namespace detect::cli
