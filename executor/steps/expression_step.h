// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/expression.h"
#include "executor/step.h"

namespace detect {

/// The sizes that tensors of these sizes broadcast to (ONNX's multidirectional broadcasting); nothing if they do not.
[[nodiscard]] std::optional<Dims> broadcast_dims(std::span<const std::span<const std::int64_t>> tensors);

/// Inputs: the expression's, float32, in any one layout. Output: what they broadcast to.
[[nodiscard]] std::shared_ptr<const Step> make_expression_step(const KernelTable& kernels, Expression expression,
                                                               std::string label);

/// Runs an expression outside a step.
[[nodiscard]] Result<Tensor> evaluate(const KernelTable& kernels, const Expression& expression,
                                      std::span<const Tensor> inputs, StepContext& context);

} // namespace detect
