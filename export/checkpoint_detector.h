#pragma once

#include "detect/detector.h"
#include "export/settings_overrides.h"

namespace detect {

/// A detector straight from a checkpoint, with nothing written in between.
[[nodiscard]] Result<Detector> detector_from_checkpoint(const std::filesystem::path& checkpoint,
                                                        const SettingsOverrides& settings = {},
                                                        const DetectorOptions& options = {});

} // namespace detect
