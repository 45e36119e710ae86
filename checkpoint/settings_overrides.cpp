// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings_overrides.h"

#include "base/try.h"
#include "checkpoint/setting_sources.h"

namespace detect {

Result<NetworkSettings> resolve_settings(const std::map<std::string, std::string>& metadata,
                                         const SettingsOverrides& overrides) {
    DETECT_TRY_ASSIGN(ResolvedSettings resolved, resolve_with_sources(metadata, overrides, {}));
    return std::move(resolved.settings);
}

} // namespace detect
