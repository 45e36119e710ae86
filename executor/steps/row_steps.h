// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/step.h"

namespace detect {

/// Softmax over the last axis of a plain float32 tensor.
[[nodiscard]] std::shared_ptr<const Step> make_softmax(const KernelTable& kernels);

/// Inputs: x; scale and bias of the last axis's size, each of which may be left out. Over the last axis:
/// (x - mean) / √(variance + epsilon) · scale + bias.
[[nodiscard]] std::shared_ptr<const Step> make_layer_norm(const KernelTable& kernels, float epsilon);

} // namespace detect
