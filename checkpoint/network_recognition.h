// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/tensor_entry.h"

#include <optional>
#include <string>

namespace detect {

/// What kind of network these tensors belong to, judged by their names ("Mask R-CNN with a ResNet-50 FPN backbone");
/// nullopt if they are Faster R-CNN on MobileNetV3, possibly with tensors missing or of other shapes.
[[nodiscard]] std::optional<std::string> recognise_other_network(const TensorEntries& tensors);

} // namespace detect
