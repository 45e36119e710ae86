// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings_overrides.h"

#include "base/try.h"
#include "checkpoint/setting_rules.h"

namespace detect {

Result<NetworkSettings> resolve_settings(const std::map<std::string, std::string>& metadata,
                                         const SettingsOverrides& overrides) {
    NetworkSettings settings;
    DETECT_TRY(apply_metadata(settings, metadata));
    if (auto sound = check(settings); !sound) return Error{ErrorCode::bad_model, "metadata: " + sound.error().message};
    if (overrides.preset) {
        DETECT_TRY_ASSIGN(settings, preset_of(*overrides.preset, settings));
    }
    let_sizes_follow(settings, overrides);
    const SettingsOverrides each = with_both_counts(overrides);
    for (const Setting& setting : setting_table()) apply_override(setting, each, settings);
    DETECT_TRY(check(settings));
    return settings;
}

} // namespace detect
