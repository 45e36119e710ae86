// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/score_options.h"
#include "cli/settings_options.h"
#include "cli/tile_options.h"
#include "pictures/picture.h"
#include "results/formats.h"

#include <cstdint>
#include <string>
#include <vector>

/// What the command line of `detect run` says, as it says it: strings and numbers. Only run_plan.cpp and sources.cpp,
/// which check it, look at it.
namespace detect::cli {

/// What to look at.
struct SourceOptions {
    std::vector<std::string> pictures;
    bool recursive = false;
    std::string list;
    int camera = -1;
    std::string watch;
    int bits = 0;
    std::int64_t most_pixels = max_picture_pixels;
    double poll_seconds = 0.0;
};

/// What counts; --max-detections is one of the settings.
struct FilterOptions {
    ScoreArguments score;
    std::vector<std::string> classes;
    std::vector<std::string> regions;
    std::string mask;
    std::vector<std::string> fail_on_detect;
};

/// What stands behind the options of a result format.
struct FormatArguments {
    std::string destination;
    std::string companion;
};

/// Where results go.
struct ResultOptions {
    std::string output;
    bool no_draw = false;
    std::string labels_on = "box";
    int line_width = 0;
    int font_size = 0;
    /// One for each of `collected_formats` and `picture_formats`, in their order.
    std::vector<FormatArguments> collected = std::vector<FormatArguments>(collected_formats().size());
    std::vector<std::string> per_picture = std::vector<std::string>(picture_formats().size());
    bool resume = false;
    bool overwrite = false;
    bool time = false;
    bool hash = false;
};

struct RunOptions {
    SourceOptions sources;
    std::string model;
    int threads = 0;
    SettingsArguments settings;
    FilterOptions filter;
    TileOptions tiles;
    ResultOptions results;
    bool strict = false;
    bool quiet = false;
    bool verbose = false;
};

/// Declares them, with help and examples.
void add_run_options(CLI::App& command, RunOptions& options);

} // namespace detect::cli
