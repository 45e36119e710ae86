// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/isa.h"
#include "executor/program.h"

namespace detect {

/// Chooses a step for every node of a validated, simplified graph. Which kernel a node gets depends on the graph and
/// the instruction set alone, never on sizes of a run, so that results do not depend on company. `unsupported` if there
/// is no kernel for a node.
///
/// Patterns (patterns.h) claim the nodes that one step computes; then each makes its step in the place of the last of
/// them. At last, fusions take steps together.
[[nodiscard]] Result<Program> lower(Graph graph, Isa isa);

} // namespace detect
