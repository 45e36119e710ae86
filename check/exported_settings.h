// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check/graph_queries.h"
#include "checkpoint/settings_overrides.h"

namespace detect::checking {

/// What the file says about how it was exported: sizes and thresholds that a checkpoint does not hold, read off the
/// metadata of our own exports and off the constants of torchvision's. What is not found stays unset.
[[nodiscard]] SettingsOverrides exported_settings(const GraphQueries& queries);

/// `given`, and where that says nothing, `found`. A preset counts as saying everything that it stands for.
[[nodiscard]] SettingsOverrides with_defaults(SettingsOverrides given, const SettingsOverrides& found);

} // namespace detect::checking
