// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/settings_options.h"
#include "detect/tiling.h"

#include <string>
#include <vector>

namespace detect::cli {

/// What the command line of `detect run` says, as it says it.
struct RunOptions {
    // What to look at.
    std::vector<std::string> pictures;
    bool recursive = false;
    std::string list;
    int camera = -1;
    std::string watch;
    // What with.
    std::string model;
    int threads = 0;
    SettingsArguments settings;
    // What counts.
    float score = 0.5F;
    std::vector<std::string> classes;
    std::vector<std::string> regions;
    std::string mask;
    std::vector<std::string> fail_on_detect;
    // Large pictures.
    int tile = 0;
    double overlap = TilingOptions().overlap;
    std::string merge = "ios";
    // Where results go.
    std::string output;
    bool no_draw = false;
    std::string json;
    std::string jsonl;
    std::string csv;
    std::string coco;
    std::string annotations;
    std::string yolo;
    std::string voc;
    std::string crops;
    bool resume = false;
    // How much is said.
    bool quiet = false;
    bool verbose = false;
};

/// Declares them, with help and examples.
void add_run_options(CLI::App& command, RunOptions& options);

} // namespace detect::cli
