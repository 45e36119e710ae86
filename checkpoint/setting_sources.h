// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings.h"
#include "detect/checkpoint_settings.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// Where the value of a setting comes from.
enum class SettingSource {
    /// Said by whoever asked for the network.
    flag,
    /// From a file that was named as the source of settings …
    settings_file,
    /// … whose own export had assumed it.
    assumed_in_settings_file,
    /// From the checkpoint's own metadata.
    checkpoint,
    /// Nobody said anything: torchvision's.
    standard,
};

/// "flag", "settings file", "settings file (assumed)", "checkpoint", "default (torchvision's)".
[[nodiscard]] std::string_view to_string(SettingSource source);

/// Whether nobody ever said so.
[[nodiscard]] bool is_assumed(SettingSource source);

/// What a file says about how a network was exported.
struct SettingsFile {
    SettingsOverrides values = {};
    /// Keys of settings that the file has, but that its own export had assumed.
    std::set<std::string, std::less<>> assumed = {};
    /// Keys of settings that it says nothing about.
    std::vector<std::string> unread = {};
};

/// By the setting's key, for every row of the table of settings.
using SettingSources = std::map<std::string_view, SettingSource>;

struct ResolvedSettings {
    NetworkSettings settings;
    SettingSources sources;
};

/// As `resolve_settings`, with what a file says between the checkpoint's metadata and what is said besides. Of what a
/// preset stands for, nothing is taken from the file.
[[nodiscard]] Result<ResolvedSettings> resolve_with_sources(const std::map<std::string, std::string>& metadata,
                                                            const SettingsOverrides& overrides,
                                                            const SettingsFile& file);

/// Where a file's metadata lists the settings that its export assumed: their keys with commas between, or "none".
inline constexpr std::string_view assumed_settings_key = "assumed_settings";
[[nodiscard]] std::string assumed_settings_text(const SettingSources& sources);
[[nodiscard]] std::set<std::string, std::less<>> read_assumed_settings(std::string_view text);

} // namespace detect
