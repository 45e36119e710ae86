// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detector.h"
#include "graph/graph.h"

namespace detect {

/// A detector from a graph in memory, with the inputs and outputs of an exported model (either layout).
/// `bad_model` if it has others.
[[nodiscard]] Result<Detector> detector_from_graph(Graph graph, const DetectorOptions& options);

/// The machine's memory is a limit in any case: pages that are not there cannot be had, but Linux says so only when
/// they are written to.
[[nodiscard]] std::size_t memory_limit(const DetectorOptions& options);

} // namespace detect
