// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"
#include "rpn/anchors.h"

#include <optional>

namespace detect::checking {

/// Sizes and aspect ratios that give a graph's anchors around the origin, to the last bit. Those are rounded to whole
/// pixels, so that others may give them too: the ratio with the fewest decimals is taken. Nothing if the graph has no
/// such constant, or several that differ (other anchors on each level, which this program's network does not have).
[[nodiscard]] std::optional<AnchorSettings> read_anchors(const Graph& graph);

/// The same of the anchors themselves: (x1, y1, x2, y2) each, as `cell_anchors` has them.
[[nodiscard]] std::optional<AnchorSettings> anchors_from_cells(std::span<const float> cells);

} // namespace detect::checking
