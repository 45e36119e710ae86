// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/setting_sources.h"
#include "checkpoint/settings_overrides.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace detect::cli {

/// What the options for what a checkpoint does not hold were given: the same wherever a checkpoint is read.
struct SettingsArguments {
    /// The preset and single numbers.
    SettingsOverrides numbers;
    /// The rest as text, by the setting's key.
    std::map<std::string_view, std::string> texts;
    /// A file to take from what is not given.
    std::string settings_file;
    /// It is also for models that hold their own settings.
    bool max_detections_is_a_filter = false;
};

/// An option for each row of the table of settings that has a flag, after --settings-from and --preset.
void add_settings_options(CLI::App& command, SettingsArguments& arguments);

/// The names of these options, in their order.
[[nodiscard]] std::vector<std::string> settings_flags();

/// What was given on the command line, read and checked. `first_option` tells whether anything was.
struct GivenSettings {
    SettingsOverrides overrides;
    /// What --settings-from names says; empty without.
    SettingsFile file;
    std::string first_option; // empty: none
};
[[nodiscard]] Result<GivenSettings> read_settings(const CLI::App& command, const SettingsArguments& arguments);

/// Says which settings the file named by --settings-from does not tell, if any.
void note_unread(const SettingsArguments& arguments, const GivenSettings& given);

/// The flag of the setting with this key; its key if it has none.
[[nodiscard]] std::string flag_of(std::string_view key);

} // namespace detect::cli
