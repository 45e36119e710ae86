#pragma once

#include "export/settings.h"

#include <optional>

namespace detect {

/// What a user says about a checkpoint, as far as they say anything.
struct SettingsOverrides {
    /// "800" or "320": start from this preset instead of what the checkpoint's own metadata says.
    std::optional<std::string> preset = std::nullopt;
    std::optional<std::int64_t> min_size = std::nullopt;
    std::optional<std::int64_t> max_size = std::nullopt;
    std::optional<std::vector<std::int64_t>> anchor_sizes = std::nullopt;
    /// Proposals before and after non-maximum suppression.
    std::optional<std::int64_t> rpn_top_n = std::nullopt;
    std::optional<float> score_threshold = std::nullopt;
    std::optional<float> nms_threshold = std::nullopt;
    std::optional<std::int64_t> max_detections = std::nullopt;
    std::optional<std::vector<std::string>> labels = std::nullopt;
};

/// The preset (800 unless another is asked for), then the checkpoint's metadata (unless a preset is asked for), then
/// each override. Class names come from the metadata in any case. Checked as by `check`.
[[nodiscard]] Result<NetworkSettings> resolve_settings(const std::map<std::string, std::string>& metadata,
                                                       const SettingsOverrides& overrides);

} // namespace detect
