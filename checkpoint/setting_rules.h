// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/setting_table.h"

/// What holds between several settings of a network; what holds for one alone is in its row of setting_table.h.
namespace detect {

/// Presets by their names, "800" and "320". Class names are none of a preset's business: those of `settings` stay.
/// `invalid_argument` if there is no such preset.
[[nodiscard]] Result<NetworkSettings> preset_of(const std::string& name, const NetworkSettings& settings);

/// What is said with `rpn_top_n` said of both counts of proposals, where nothing else is said of one.
[[nodiscard]] SettingsOverrides with_both_counts(SettingsOverrides overrides);

/// min_size is at most max_size. If a user says one of them, the other follows where it would contradict.
void let_sizes_follow(NetworkSettings& settings, const SettingsOverrides& overrides);
[[nodiscard]] Result<void> check_sizes(const NetworkSettings& settings);

/// Whether presets differ in a setting, so that to name one says something about it.
[[nodiscard]] bool belongs_to_preset(const Setting& setting);

} // namespace detect
