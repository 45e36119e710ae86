// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

namespace detect::checking {

/// The graph with every shape that can be known before a run. Operators' rules follow constants alone; exporters
/// compute the sizes of a Reshape by Shape, Gather and Concat, of which only some are known: [batch, 28].
/// Bodies of If and Loop stay as they are.
[[nodiscard]] Graph with_known_shapes(Graph graph);

} // namespace detect::checking
