// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

namespace detect {

/// The graph with the float32 weights of its Conv and Gemm layers stored as float16 and a Cast behind each: half the
/// file, and float32 is what is computed with. Biases, settings and anchors stay as they are, and so does a weight that
/// float16 cannot hold (magnitudes from 65520 up).
[[nodiscard]] Result<Graph> with_half_weights(Graph graph);

} // namespace detect
