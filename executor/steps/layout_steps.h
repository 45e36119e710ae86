// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/step.h"

namespace detect {

/// [N, C, H, W] → [N, H, W, C].
[[nodiscard]] std::shared_ptr<const Step> make_to_channels_last();
/// [N, H, W, C] → [N, C, H, W].
[[nodiscard]] std::shared_ptr<const Step> make_to_plain();
/// The same memory under another name: for a Transpose that a channels-last tensor has done already.
[[nodiscard]] std::shared_ptr<const Step> make_alias();

} // namespace detect
