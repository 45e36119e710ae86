// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"

#include <span>
#include <string>

namespace detect {

/// Detections for people: one line per detection under a line of headings, columns aligned, each line ended; "no
/// detections" if there are none.
[[nodiscard]] std::string to_table(std::span<const Detection> detections, std::span<const std::string> names);

} // namespace detect
