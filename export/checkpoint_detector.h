// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/setting_sources.h"
#include "checkpoint/settings_overrides.h"
#include "detect/detector.h"

namespace detect {

/// A detector straight from a checkpoint, with nothing written in between.
[[nodiscard]] Result<Detector> detector_from_checkpoint(const std::filesystem::path& checkpoint,
                                                        const SettingsOverrides& settings = {},
                                                        const DetectorOptions& options = {},
                                                        const SettingsFile& settings_file = {});

} // namespace detect
