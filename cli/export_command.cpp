// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "base/try.h"
#include "checkpoint/setting_table.h"
#include "cli/commands.h"
#include "cli/example_image.h"
#include "cli/exit_code.h"
#include "cli/input_files.h"
#include "cli/model_source.h"
#include "cli/picture_input.h"
#include "cli/precision_options.h"
#include "cli/score_options.h"
#include "cli/settings_options.h"
#include "export/exporter.h"
#include "onnx/opset_conversion.h"

#include <cstdio>
#include <memory>

namespace detect::cli {

namespace {

struct ExportArguments {
    std::string image;
    int bits = 0;
    std::string weights;
    std::string output = "model.onnx";
    int opset = newest_export_opset;
    std::string layout = "batched";
    std::string class_scores;
    PrecisionArguments precision;
    SettingsArguments settings;
};

std::string in_megabytes(std::size_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

/// Where a value comes from stands before it: lists are long. A star marks what was assumed.
void print_settings(const CheckpointGraph& network) {
    std::printf("settings      * assumed: neither given nor in the checkpoint\n");
    std::printf("  %-19s %-23s   %lld\n", "num_classes", "read from shapes", static_cast<long long>(network.classes));
    for (const Setting& setting : setting_table()) {
        const SettingSource source = network.sources.at(setting.key);
        const std::string key(setting.key);
        if (holds_names(setting)) {
            const std::size_t count = network.settings.labels.size();
            const std::string names = std::to_string(count) + " names";
            std::printf("  %-19s %-23s   %s\n", key.c_str(),
                        std::string(count == 0 ? "none given" : to_string(source)).c_str(),
                        count == 0 ? "" : names.c_str());
            continue;
        }
        std::printf("  %-19s %-23s %s %s\n", key.c_str(), std::string(to_string(source)).c_str(),
                    is_assumed(source) ? "*" : " ", without_controls(to_text(setting, network.settings), ' ').c_str());
    }
    std::printf("\n");
}

void print(const ExportReport& report) {
    const CheckpointGraph& network = report.network;
    std::printf("checkpoint    %s, %lld classes besides the background\n", network.checkpoint_format.c_str(),
                static_cast<long long>(network.classes - 1));
    std::printf("simplified    %zu -> %zu nodes, %s -> %s\n", network.nodes_before, network.nodes_after,
                in_megabytes(network.bytes_before).c_str(), in_megabytes(network.bytes_after).c_str());
    std::printf("file          %s, %s, opset %d\n\n", printable_path(report.output).c_str(),
                in_megabytes(report.file_bytes).c_str(), network.graph.opset);
    print_settings(network);
    print_precision(report.precision);
    std::printf("verified: reference interpreter against executor, detections of score >= %.1f\n",
                static_cast<double>(report.verification.tolerance.match.min_score));
    std::printf("  %-32s %11s %11s %12s %10s  %s\n", "input", "size", "detections", "worst score", "worst IoU",
                "agree");
    for (const VerificationRow& row : report.verification.rows) {
        std::printf("  %s %11s %11lld %12.1e %10.6f  %s\n", padded(without_controls(row.input, ' '), 32).c_str(),
                    row.size.c_str(), static_cast<long long>(row.detections), row.worst_score_difference, row.worst_iou,
                    row.passed() ? "yes" : "NO");
    }
    std::fflush(stdout);
}

Result<void> run(const CLI::App& command, const ExportArguments& arguments) {
    DETECT_TRY_ASSIGN(const GivenSettings given, read_settings(command, arguments.settings));
    note_unread(arguments.settings, given);
    std::filesystem::path checkpoint = arguments.weights;
    if (checkpoint.empty()) checkpoint = bundled_checkpoint();
    if (checkpoint.empty()) {
        return Error{ErrorCode::unreadable_input,
                     "the bundled model is not installed; give a checkpoint with --weights"};
    }
    std::vector<std::string> read{arguments.image, checkpoint.string()};
    if (names_a_file(arguments.class_scores)) read.push_back(arguments.class_scores);
    const InputFiles inputs(read);
    DETECT_TRY(inputs.prepare_destination(arguments.output));
    DETECT_TRY(inputs.prepare_destination(report_of(arguments.output)));
    DETECT_TRY_ASSIGN(auto class_scores, read_class_scores(arguments.class_scores));
    DETECT_TRY_ASSIGN(PrecisionOptions precision, read_precision(command, arguments.precision, arguments.bits));
    DETECT_TRY_ASSIGN(const Tensor image, read_example_image(arguments.image, arguments.bits));
    DETECT_TRY_ASSIGN(
        const ExportReport result,
        export_model({.checkpoint = checkpoint,
                      .output = arguments.output,
                      .settings = given.overrides,
                      .settings_file = given.file,
                      .layout = arguments.layout == "torchvision" ? OutputLayout::torchvision : OutputLayout::batched,
                      .opset = arguments.opset,
                      .precision = std::move(precision),
                      .class_scores = std::move(class_scores),
                      .progress = tell},
                     image));
    print(result);
    for (const std::string& key : result.network.unexpected) warn("the network has no place for tensor " + key);
    if (const auto& better = result.sizes.better) {
        warn(result.sizes.warning() + " If so, export it with --min-size " + std::to_string(better->min_size) +
             "; if not, with --min-size " + std::to_string(result.network.settings.transform.min_size) +
             ", so that nobody asks again");
    }
    for (const std::string& warning : result.precision.warnings) warn(warning);
    if (result.network.settings.labels.empty()) note("no class names are known; give them with --labels");
    if (result.verification.example_detections == 0) {
        warn("nothing was detected on " + arguments.image + "; give a picture that shows an object: it verifies more");
    }
    tell("wrote " + result.output.string() + " and " + result.report.string());
    return {};
}

} // namespace

Command add_export_command(CLI::App& app) {
    auto arguments = std::make_shared<ExportArguments>();
    app.add_option("--image", arguments->image,
                   "A real picture, best one that shows an object: the export is verified on it")
        ->required()
        ->type_name("FILE");
    add_bits_option(app, arguments->bits);
    app.add_option("--weights", arguments->weights, "Checkpoint: .pth or .safetensors (default: the bundled model)")
        ->type_name("FILE");
    app.add_option("-o,--output", arguments->output, "The ONNX file to write")
        ->capture_default_str()
        ->type_name("FILE");
    app.add_option("--opset", arguments->opset, "ONNX opset")
        ->check(CLI::Range(oldest_export_opset, newest_export_opset))
        ->capture_default_str();
    app.add_option("--layout", arguments->layout,
                   "Outputs: batched ([batch, n, ...] and valid_detections) or torchvision ([n, ...], batch 1)")
        ->check(CLI::IsMember({"batched", "torchvision"}))
        ->capture_default_str();
    app.add_option(
           "--class-scores", arguments->class_scores,
           "Scores from which on detections of a class count, for the file to carry: NAME=SCORE,NAME=SCORE, or a "
           "file that detect eval --save-scores wrote")
        ->type_name("SCORES");
    add_precision_options(app, arguments->precision);
    add_settings_options(app, arguments->settings);
    app.footer("Example: detect export --image board.png --weights best.pth --labels classes.txt -o model.onnx\n" +
               std::string(exit_code_help));
    return [&app, arguments] {
        const auto result = run(app, *arguments);
        return result ? done : report(result.error());
    };
}

} // namespace detect::cli
