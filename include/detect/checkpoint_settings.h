// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace detect {

/// What a user says about a checkpoint, as far as they say anything.
struct SettingsOverrides {
    /// "800" or "320": start from this preset instead of what the checkpoint's own metadata says.
    std::optional<std::string> preset = std::nullopt;
    std::optional<std::int64_t> min_size = std::nullopt;
    std::optional<std::int64_t> max_size = std::nullopt;
    /// Three numbers each, for red, green and blue in [0, 1]: what pictures were normalised by in training.
    std::optional<std::vector<float>> image_mean = std::nullopt;
    std::optional<std::vector<float>> image_std = std::nullopt;
    std::optional<std::vector<std::int64_t>> anchor_sizes = std::nullopt;
    /// Anchors' height divided by width.
    std::optional<std::vector<float>> aspect_ratios = std::nullopt;
    /// Proposals before and after non-maximum suppression, unless one of the next two says otherwise.
    std::optional<std::int64_t> rpn_top_n = std::nullopt;
    std::optional<std::int64_t> rpn_pre_nms_top_n = std::nullopt;
    std::optional<std::int64_t> rpn_post_nms_top_n = std::nullopt;
    std::optional<float> rpn_nms_threshold = std::nullopt;
    /// Proposals of a lower objectness are dropped.
    std::optional<float> rpn_score_threshold = std::nullopt;
    /// What box deltas x, y, width and height were multiplied by in training: torchvision's bbox_reg_weights.
    std::optional<std::vector<float>> box_weights = std::nullopt;
    std::optional<float> score_threshold = std::nullopt;
    std::optional<float> nms_threshold = std::nullopt;
    std::optional<std::int64_t> max_detections = std::nullopt;
    std::optional<std::vector<std::string>> labels = std::nullopt;
};

} // namespace detect
