// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/isa.h"
#include "executor/step.h"
#include "graph/graph.h"

#include <map>
#include <vector>

namespace detect {

/// A graph turned into steps, for any input size: layouts chosen, activations fused, weights packed.
class Program {
public:
    /// The simplified graph the steps were made from.
    [[nodiscard]] const Graph& graph() const { return graph_; }
    [[nodiscard]] const std::vector<PlannedStep>& steps() const { return steps_; }

    /// A slot is a value in one layout.
    struct Slot {
        ValueId value;
        Layout layout = Layout::plain;
    };
    [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
    [[nodiscard]] std::int32_t find_slot(ValueId value, Layout layout) const;

private:
    friend class Lowering;
    Graph graph_;
    std::vector<PlannedStep> steps_;
    std::vector<Slot> slots_;
    std::map<std::pair<std::int32_t, Layout>, std::int32_t> slot_of_;
};

/// Chooses a step for every node of a validated, simplified graph. Which kernel a node gets depends on the graph and
/// the instruction set alone, never on sizes of a run, so that results do not depend on company.
[[nodiscard]] Result<Program> lower(Graph graph, Isa isa);

} // namespace detect
