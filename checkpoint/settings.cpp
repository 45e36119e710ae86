// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings.h"

#include "base/try.h"
#include "checkpoint/setting_rules.h"

namespace detect {

NetworkSettings NetworkSettings::preset_320() {
    NetworkSettings settings;
    settings.transform = {.min_size = 320, .max_size = 640};
    settings.proposals.pre_nms_top_n = 150;
    settings.proposals.post_nms_top_n = 150;
    return settings;
}

std::map<std::string, std::string> to_metadata(const NetworkSettings& settings) {
    std::map<std::string, std::string> metadata;
    for (const Setting& setting : setting_table()) metadata.emplace(setting.key, to_text(setting, settings));
    return metadata;
}

Result<void> apply_metadata(NetworkSettings& settings, const std::map<std::string, std::string>& metadata) {
    for (const Setting& setting : setting_table()) {
        const auto entry = metadata.find(std::string(setting.key));
        if (entry == metadata.end()) continue;
        if (auto done = read_text(setting, entry->second, settings); !done) {
            return Error{ErrorCode::bad_model, "metadata '" + entry->first + "': " + done.error().message};
        }
    }
    return {};
}

Result<void> check(const NetworkSettings& settings) {
    DETECT_TRY(check_sizes(settings));
    for (const Setting& setting : setting_table()) DETECT_TRY(check_range(setting, settings));
    return {};
}

} // namespace detect
