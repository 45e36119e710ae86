// SPDX-License-Identifier: Apache-2.0
#include "cli/chosen_model.h"

#include "base/try.h"
#include "checkpoint/setting_table.h"
#include "cli/exit_code.h"
#include "cli/model_source.h"
#include "export/checkpoint_detector.h"
#include "export/checkpoint_graph.h"
#include "onnx/opset_conversion.h"
#include "onnx/reader.h"

namespace detect::cli {

namespace {

/// What was assumed, in one note: a wrong size or another normalisation only shows in lower scores.
void note_assumed(const ChosenModel& model, const std::map<std::string, std::string>& metadata) {
    std::error_code code;
    if (model.quiet || std::filesystem::equivalent(model.file, bundled_checkpoint(), code)) return;
    const auto entry = metadata.find(std::string(assumed_settings_key));
    if (entry == metadata.end()) return;
    const auto assumed = read_assumed_settings(entry->second);
    std::string values;
    for (const Setting& setting : setting_table()) {
        const auto value = metadata.find(std::string(setting.key));
        if (!setting.of_training || !assumed.contains(setting.key) || value == metadata.end()) continue;
        values += (values.empty() ? "" : ", ") + std::string(setting.flag) + " " + value->second;
    }
    if (values.empty()) return;
    note(model.file.string() + " does not say how it was trained; torchvision's settings are assumed: " + values +
         ". If others are right, give them, or a file that has them with --settings-from");
}

} // namespace

void add_model_option(CLI::App& command, std::string& model) {
    command
        .add_option("--model", model,
                    "An ONNX file or a checkpoint (default: model.onnx in the current folder if there is one, else "
                    "the bundled model)")
        ->type_name("FILE");
}

Result<ChosenModel> choose_model(const CLI::App& command, const std::string& model, const SettingsArguments& settings,
                                 bool quiet) {
    ChosenModel chosen;
    DETECT_TRY_ASSIGN(chosen.file, resolve_model_path(model));
    DETECT_TRY_ASSIGN(GivenSettings given, read_settings(command, settings));
    if (model.empty() && !quiet) note("using " + chosen.file.string());
    chosen.is_checkpoint = looks_like_checkpoint(chosen.file);
    if (!chosen.is_checkpoint && !given.first_option.empty()) {
        return Error{ErrorCode::invalid_argument, given.first_option + " is for checkpoints; " + chosen.file.string() +
                                                      " holds its own settings (export it again to change them)"};
    }
    if (!quiet) note_unread(settings, given);
    chosen.overrides = std::move(given.overrides);
    chosen.settings_file = std::move(given.file);
    chosen.quiet = quiet;
    return chosen;
}

Result<Detector> open_detector(const ChosenModel& model, const DetectorOptions& options) {
    if (!model.is_checkpoint) return Detector::load(model.file, options);
    DETECT_TRY_ASSIGN(Detector detector,
                      detector_from_checkpoint(model.file, model.overrides, options, model.settings_file));
    note_assumed(model, detector.metadata());
    return detector;
}

Result<Graph> read_graph(const ChosenModel& model) {
    if (!model.is_checkpoint) return read_onnx(model.file);
    DETECT_TRY_ASSIGN(CheckpointGraph network, graph_from_checkpoint(model.file, model.overrides, OutputLayout::batched,
                                                                     newest_export_opset, model.settings_file));
    return std::move(network.graph);
}

} // namespace detect::cli
