// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/tiling.h"
#include "pictures/pixel_rect.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace detect::evaluation {

/// As `--merge` takes it.
[[nodiscard]] constexpr std::string_view merge_name(TileMerge merge) { return merge == TileMerge::nms ? "nms" : "ios"; }

/// How a model was run; nothing of it changes for a file of results.
struct RunConditions {
    std::string instruction_set;
    int threads = 0;
    /// None: each picture as a whole.
    std::optional<TilingOptions> tiling = std::nullopt;
    /// Bits of 16-bit samples; 0: nobody said.
    int bits = 0;
};

/// What figures were measured under, so that they can be told from others and measured again. The score, the IoU and
/// the bootstrap are with the figures.
struct Conditions {
    /// UTC, as in 2026-12-01T08:30:00Z; empty: not recorded.
    std::string date = {};
    /// Of detect; empty: not recorded.
    std::string version = {};
    std::string annotations_sha256 = {};
    /// Only what has its centre in one of these counts; empty: everything. Pixels of the upright picture.
    std::vector<PixelRect> regions = {};
    /// None: results were read, no model ran.
    std::optional<RunConditions> run = std::nullopt;
};

/// A setting that a model was exported or read with.
struct ModelSetting {
    std::string key;
    std::string value;
    /// Nobody gave it, and the checkpoint does not say.
    bool assumed = false;
};

} // namespace detect::evaluation
