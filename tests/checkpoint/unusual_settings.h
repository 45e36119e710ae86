// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings.h"

namespace detect::test {

/// No field as it is by default.
inline NetworkSettings unusual_settings() {
    NetworkSettings settings;
    settings.transform = {
        .min_size = 433, .max_size = 977, .mean = {0.1F, 0.0F, -0.3F}, .deviation = {1.0F, 0.25F, 0.3F}};
    settings.anchors = {.sizes = {7, 19, 1001}, .aspect_ratios = {0.3333333F, 1.7F}};
    settings.proposals = {.pre_nms_top_n = 321, .post_nms_top_n = 123, .nms_threshold = 0.61F, .score_threshold = 0.1F};
    settings.selection = {.score_threshold = 0.0625F,
                          .nms_threshold = 0.123456789F,
                          .max_detections = 17,
                          .box_weights = {1.0F, 2.5F, 3.0F, 0.7F}};
    settings.labels = {"plain", "with \"quotes\" and \\", "Größe, µm", ""};
    return settings;
}

} // namespace detect::test
