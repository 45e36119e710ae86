// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/run_options.h"
#include "detect/detector.h"
#include "results/detection_filter.h"

#include <optional>
#include <vector>

namespace detect::cli {

/// The options in the terms of what carries them out, checked. `invalid_argument` if they make no sense,
/// `unreadable_input` if the mask cannot be read.
[[nodiscard]] Result<DetectionFilter> make_filter(const RunOptions& options, const Detector& detector);

/// The classes that --fail-on-detect names; none: any class will do.
[[nodiscard]] Result<std::vector<int>> classes_to_fail_on(const RunOptions& options, const Detector& detector);

/// None: every picture as a whole.
[[nodiscard]] std::optional<TilingOptions> make_tiling(const RunOptions& options);

} // namespace detect::cli
