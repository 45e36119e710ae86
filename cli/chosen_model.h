// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/settings_options.h"
#include "detect/detector.h"
#include "graph/graph.h"

#include <filesystem>
#include <map>
#include <string>

namespace detect::cli {

/// A model file, and what the command line says about it.
struct ChosenModel {
    std::filesystem::path file;
    bool is_checkpoint = false;
    /// Nobody named it: the one that comes with the program.
    bool is_bundled = false;
    /// For a checkpoint only.
    SettingsOverrides overrides;
    SettingsFile settings_file;
    /// Say nothing of settings that were assumed.
    bool quiet = false;
};

/// Declares `--model`, for every verb that runs one.
void add_model_option(CLI::App& command, std::string& model);

/// The model to use: `model`, or what there is without (a note then says which, unless `quiet`). `invalid_argument` if
/// settings are given for an ONNX file, which holds its own.
[[nodiscard]] Result<ChosenModel> choose_model(const CLI::App& command, const std::string& model,
                                               const SettingsArguments& settings, bool quiet = false);

/// For a checkpoint other than the bundled one, a note names the settings that its training decides and that nobody
/// gave.
[[nodiscard]] Result<Detector> open_detector(const ChosenModel& model, const DetectorOptions& options);

/// A sentence that names the settings that the model's training decides and that nobody gave: a wrong size or another
/// normalisation only shows in lower scores. Empty: none, or the bundled model, whose settings are right.
[[nodiscard]] std::string assumed_settings(const ChosenModel& model,
                                           const std::map<std::string, std::string>& metadata);

/// What results call the model.
[[nodiscard]] std::string name_of(const ChosenModel& model);

/// The graph that such a detector runs.
[[nodiscard]] Result<Graph> read_graph(const ChosenModel& model);

} // namespace detect::cli
