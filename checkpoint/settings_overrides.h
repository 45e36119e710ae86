// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings.h"
#include "detect/checkpoint_settings.h"

namespace detect {

/// The preset (800 unless another is asked for), then the checkpoint's metadata (unless a preset is asked for), then
/// each override. Class names come from the metadata in any case. Checked as by `check`.
[[nodiscard]] Result<NetworkSettings> resolve_settings(const std::map<std::string, std::string>& metadata,
                                                       const SettingsOverrides& overrides);

} // namespace detect
