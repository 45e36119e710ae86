// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/setting_rules.h"

#include <algorithm>

namespace detect {

Result<NetworkSettings> preset_of(const std::string& name, const NetworkSettings& settings) {
    if (name != "800" && name != "320")
        return Error{ErrorCode::invalid_argument, "preset must be 800 or 320, not '" + name + "'"};
    NetworkSettings preset = name == "320" ? NetworkSettings::preset_320() : NetworkSettings{};
    preset.labels = settings.labels;
    return preset;
}

SettingsOverrides with_both_counts(SettingsOverrides overrides) {
    for (auto* const count : {&overrides.rpn_pre_nms_top_n, &overrides.rpn_post_nms_top_n}) {
        if (!*count) *count = overrides.rpn_top_n;
    }
    overrides.rpn_top_n.reset();
    return overrides;
}

void let_sizes_follow(NetworkSettings& settings, const SettingsOverrides& overrides) {
    std::int64_t& min_size = settings.transform.min_size;
    std::int64_t& max_size = settings.transform.max_size;
    if (overrides.min_size && !overrides.max_size) max_size = std::max(max_size, *overrides.min_size);
    if (overrides.max_size && !overrides.min_size) min_size = std::min(min_size, *overrides.max_size);
}

Result<void> check_sizes(const NetworkSettings& settings) {
    const std::int64_t min_size = settings.transform.min_size;
    const std::int64_t max_size = settings.transform.max_size;
    if (min_size >= smallest_side && max_size <= largest_side && min_size <= max_size) return {};
    return Error{ErrorCode::invalid_argument, "image sizes must satisfy " + std::to_string(smallest_side) +
                                                  " <= min_size <= max_size <= " + std::to_string(largest_side) +
                                                  ", but are " + std::to_string(min_size) + " and " +
                                                  std::to_string(max_size)};
}

bool belongs_to_preset(const Setting& setting) {
    return to_text(setting, NetworkSettings{}) != to_text(setting, NetworkSettings::preset_320());
}

} // namespace detect
