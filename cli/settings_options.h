// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings_overrides.h"

#include <string>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// The options for what a checkpoint does not hold, the same wherever a checkpoint is read.
struct SettingsArguments {
    std::string preset;
    std::int64_t min_size = 0;
    std::int64_t max_size = 0;
    std::string anchor_sizes;
    std::int64_t rpn_top_n = 0;
    float rpn_score_threshold = 0.0F;
    float score_threshold = 0.0F;
    float nms_threshold = 0.0F;
    std::int64_t max_detections = 0;
    /// It is also for models that hold their own settings.
    bool max_detections_is_a_filter = false;
    std::string labels;
};

void add_settings_options(CLI::App& command, SettingsArguments& arguments);

/// What was given on the command line, read and checked. `given` tells whether anything was.
struct GivenSettings {
    SettingsOverrides overrides;
    std::string first_option; // empty: none
};
[[nodiscard]] Result<GivenSettings> read_settings(const CLI::App& command, const SettingsArguments& arguments);

} // namespace detect::cli
