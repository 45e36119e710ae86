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
#include "results/picture_result.h"

namespace detect::cli {

std::string assumed_settings(const ChosenModel& model, const std::map<std::string, std::string>& metadata) {
    std::error_code code;
    const auto entry = metadata.find(std::string(assumed_settings_key));
    if (entry == metadata.end() || std::filesystem::equivalent(model.file, bundled_checkpoint(), code)) return {};
    const auto assumed = read_assumed_settings(entry->second);
    std::string values;
    for (const Setting& setting : setting_table()) {
        const auto value = metadata.find(std::string(setting.key));
        if (!setting.of_training || !assumed.contains(setting.key) || value == metadata.end()) continue;
        values += (values.empty() ? "" : ", ") + std::string(setting.flag) + " " + value->second;
    }
    if (values.empty()) return {};
    return model.file.string() + " does not say how it was trained; torchvision's settings are assumed: " + values;
}

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
    chosen.is_bundled = model.empty() && chosen.file == bundled_checkpoint();
    if (model.empty() && !quiet) {
        note(chosen.is_bundled
                 ? "using the bundled circuit-board model (" + chosen.file.string() + "); give another one with --model"
                 : "using " + chosen.file.string());
    }
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
    if (model.is_checkpoint) {
        DETECT_TRY_ASSIGN(Detector detector,
                          detector_from_checkpoint(model.file, model.overrides, options, model.settings_file));
        const std::string assumed = model.quiet ? "" : assumed_settings(model, detector.metadata());
        if (!assumed.empty()) {
            note(assumed + ". If others are right, give them, or a file that has them with --settings-from");
        }
        return detector;
    }
    auto detector = Detector::load(model.file, options);
    const bool is_models_fault =
        !detector && (detector.error().code == ErrorCode::bad_model || detector.error().code == ErrorCode::unsupported);
    if (!is_models_fault) return detector;
    return Error{detector.error().code,
                 detector.error().message + "; 'detect check " + model.file.string() +
                     "' says more, and 'detect export' makes a file that works from the checkpoint"};
}

std::string name_of(const ChosenModel& model) {
    return model.is_bundled ? "bundled circuit-board model" : path_as_text(model.file.filename().string());
}

Result<Graph> read_graph(const ChosenModel& model) {
    if (!model.is_checkpoint) return read_onnx(model.file);
    DETECT_TRY_ASSIGN(CheckpointGraph network, graph_from_checkpoint(model.file, model.overrides, OutputLayout::batched,
                                                                     newest_export_opset, model.settings_file));
    return std::move(network.graph);
}

} // namespace detect::cli
