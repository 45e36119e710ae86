// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

namespace detect {

constexpr int oldest_export_opset = 11;
constexpr int newest_export_opset = 17;

/// Rewrites an opset-17 graph in the words of an older opset (11 to 17), computing the same.
/// `invalid_argument` for other opsets; `unsupported` naming a node that has no counterpart there.
[[nodiscard]] Result<Graph> convert_to_opset(Graph graph, int opset);

} // namespace detect
