#pragma once

#include "export/settings.h"

#include <optional>

namespace detect {

/// What a user says about a checkpoint, as far as they say anything.
struct SettingsOverrides {
    /// "800" or "320": start from this preset instead of what the checkpoint's own metadata says.
    std::optional<std::string> preset;
    std::optional<std::int64_t> min_size;
    std::optional<std::int64_t> max_size;
    std::optional<std::vector<std::int64_t>> anchor_sizes;
    /// Proposals before and after non-maximum suppression.
    std::optional<std::int64_t> rpn_top_n;
    std::optional<float> score_threshold;
    std::optional<float> nms_threshold;
    std::optional<std::int64_t> max_detections;
    std::optional<std::vector<std::string>> labels;
};

/// The preset (800 unless another is asked for), then the checkpoint's metadata (unless a preset is asked for), then
/// each override. Class names come from the metadata in any case. Checked as by `check`.
[[nodiscard]] Result<NetworkSettings> resolve_settings(const std::map<std::string, std::string>& metadata,
                                                       const SettingsOverrides& overrides);

} // namespace detect
