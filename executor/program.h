// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/step.h"
#include "graph/graph.h"

#include <map>
#include <utility>
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
    /// -1 if no step has to do with the value in this layout.
    [[nodiscard]] std::int32_t find_slot(ValueId value, Layout layout) const;

private:
    friend class ProgramBuilder;
    explicit Program(Graph graph) : graph_(std::move(graph)) {}

    Graph graph_;
    std::vector<PlannedStep> steps_;
    std::vector<Slot> slots_;
    std::map<std::pair<std::int32_t, Layout>, std::int32_t> slot_of_;
};

} // namespace detect
