// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings_overrides.h"

#include "base/try.h"

#include <algorithm>

namespace detect {

Result<NetworkSettings> resolve_settings(const std::map<std::string, std::string>& metadata,
                                         const SettingsOverrides& overrides) {
    NetworkSettings settings;
    DETECT_TRY(apply_metadata(settings, metadata));
    if (auto sound = check(settings); !sound) return Error{ErrorCode::bad_model, "metadata: " + sound.error().message};
    if (overrides.preset) {
        const std::vector<std::string> labels = std::move(settings.labels);
        if (*overrides.preset == "320") {
            settings = NetworkSettings::preset_320();
        } else if (*overrides.preset == "800") {
            settings = NetworkSettings{};
        } else {
            return Error{ErrorCode::invalid_argument, "preset must be 800 or 320, not '" + *overrides.preset + "'"};
        }
        settings.labels = labels;
    }
    const auto take = [](auto& setting, const auto& override) {
        if (override) setting = *override;
    };
    // One of the two sizes alone: the other follows where it would contradict.
    if (overrides.min_size && !overrides.max_size) {
        settings.transform.max_size = std::max(settings.transform.max_size, *overrides.min_size);
    }
    if (overrides.max_size && !overrides.min_size) {
        settings.transform.min_size = std::min(settings.transform.min_size, *overrides.max_size);
    }
    take(settings.transform.min_size, overrides.min_size);
    take(settings.transform.max_size, overrides.max_size);
    take(settings.anchors.sizes, overrides.anchor_sizes);
    take(settings.proposals.pre_nms_top_n, overrides.rpn_top_n);
    take(settings.proposals.post_nms_top_n, overrides.rpn_top_n);
    take(settings.proposals.score_threshold, overrides.rpn_score_threshold);
    take(settings.selection.score_threshold, overrides.score_threshold);
    take(settings.selection.nms_threshold, overrides.nms_threshold);
    take(settings.selection.max_detections, overrides.max_detections);
    take(settings.labels, overrides.labels);
    DETECT_TRY(check(settings));
    return settings;
}

} // namespace detect
