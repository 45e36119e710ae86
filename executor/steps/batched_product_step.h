// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/step.h"

namespace detect {

/// ONNX's MatMul of two float32 tensors: matrices in the last two axes, those before broadcast; a tensor of one axis is
/// a row, or a column, which the output does not have. `b_is_transposed`: the second's last two axes are swapped.
[[nodiscard]] std::shared_ptr<const Step> make_batched_product(const KernelTable& kernels, bool b_is_transposed);

} // namespace detect
