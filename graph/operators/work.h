// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/operators.h"

namespace detect {

/// About how many operations on single numbers a node takes, by the shapes of its inputs and outputs as far as they are
/// known; what is not known counts nothing. Multiplications of matrix products and convolutions count a sixteenth,
/// because kernels do that many at once. Nothing for If and Loop, whose bodies are counted as they run.
[[nodiscard]] double estimated_work(const ShapeContext& context);

/// The same for a node of a graph whose values have their shapes.
[[nodiscard]] double estimated_work(const Graph& graph, const Node& node);

} // namespace detect
