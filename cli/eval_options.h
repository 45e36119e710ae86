// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json_text.h"
#include "cli/settings_options.h"
#include "cli/tile_options.h"
#include "evaluation/bootstrap.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace detect::cli {

/// What the command line of `detect eval` says, as it says it.
struct EvalArguments {
    std::string annotations;
    std::string images;
    int bits = 0;
    /// Of a JSON file, in 10^6 bytes.
    std::uint64_t json_memory = JsonLimits().memory / 1'000'000;
    std::string detections;
    std::string model;
    std::vector<std::string> compare;
    double score = 0.5;
    double iou = 0.5;
    /// For the 95 % intervals.
    std::size_t resamples = evaluation::usual_resamples;
    TileOptions tiles;
    std::vector<std::string> regions;
    std::string report;
    std::string json;
    std::string csv;
    std::string save_detections;
    std::string save_scores;
    int threads = 0;
    SettingsArguments settings;
};

[[nodiscard]] inline Error usage_error(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

/// Declares them, with help and examples.
void add_eval_options(CLI::App& command, EvalArguments& arguments);

/// `invalid_argument` if they do not go together.
[[nodiscard]] Result<void> check(const EvalArguments& arguments);

/// The options that name what is written, and what they name, which is not empty: a file, or "-" for standard output.
[[nodiscard]] std::vector<std::pair<const char*, std::string>> destinations(const EvalArguments& arguments);

} // namespace detect::cli
