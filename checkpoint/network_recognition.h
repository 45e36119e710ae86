// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/tensor_entry.h"

#include <optional>
#include <string>

namespace detect {

/// Weights that torch computes from other tensors whenever they are used, as pruning and re-parametrisation leave them:
/// which, and the call that makes them plain; nothing if there are none.
[[nodiscard]] std::optional<std::string> find_computed_weights(const TensorEntries& tensors);

/// What kind of network these tensors belong to, judged by their names ("Mask R-CNN with a ResNet-50 FPN backbone");
/// nullopt if they are Faster R-CNN on MobileNetV3, possibly with tensors missing or of other shapes.
[[nodiscard]] std::optional<std::string> recognise_other_network(const TensorEntries& tensors);

} // namespace detect
