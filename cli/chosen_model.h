// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/settings_options.h"
#include "detect/detector.h"
#include "graph/graph.h"

#include <filesystem>
#include <string>

namespace detect::cli {

/// A model file, and what the command line says about it.
struct ChosenModel {
    std::filesystem::path file;
    bool is_checkpoint = false;
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

/// The graph that such a detector runs.
[[nodiscard]] Result<Graph> read_graph(const ChosenModel& model);

} // namespace detect::cli
