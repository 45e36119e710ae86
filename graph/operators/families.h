// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/operators.h"

#include <vector>

namespace detect {

/// The operators of each family, with their rules. `operators()` is all of them.
[[nodiscard]] std::vector<Operator> unary_operators();
[[nodiscard]] std::vector<Operator> binary_operators();
[[nodiscard]] std::vector<Operator> shape_operators();
[[nodiscard]] std::vector<Operator> movement_operators();
[[nodiscard]] std::vector<Operator> indexing_operators();
[[nodiscard]] std::vector<Operator> reduction_operators();
[[nodiscard]] std::vector<Operator> matrix_operators();
[[nodiscard]] std::vector<Operator> convolution_operators();
[[nodiscard]] std::vector<Operator> normalization_operators();
[[nodiscard]] std::vector<Operator> detection_operators();
[[nodiscard]] std::vector<Operator> control_flow_operators();
[[nodiscard]] std::vector<Operator> quantization_operators();
[[nodiscard]] std::vector<Operator> integer_product_operators();

} // namespace detect
