// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/memory_budget.h"
#include "executor/program.h"
#include "executor/reference/run_control.h"

#include <memory>
#include <vector>

namespace detect {

/// A program for inputs of given sizes: everything that follows from the sizes alone is computed (anchors, resized
/// sizes, paddings), what nobody needs any more is left out, and it is known when each tensor can go.
struct Plan {
    struct Entry {
        const PlannedStep* step = nullptr;
        /// Slots that no later step reads.
        std::vector<std::int32_t> last_uses;
    };
    std::vector<Entry> entries;
    /// Steps that stand for several of the program's, because the maps between them are large.
    std::vector<std::unique_ptr<const PlannedStep>> joined;
    /// By slot: the value if it is known, else undefined.
    std::vector<Tensor> constants;
    /// Whether the only input is needed for nothing but its rows, one at a time (Step::reads_pictures).
    bool takes_rows = false;
    /// What a run holds at once at least: the maps whose sizes follow from the inputs', and the inputs, unless it takes
    /// them row by row.
    std::size_t least_bytes = 0;
};

/// `bad_model` if the graph cannot take inputs of these sizes, `resource_limit` if the budget does not allow what is
/// computed for them, `bad_model` if what is known to be computed takes more than `work_limit` operations (RunControl).
/// `input_dims` in the order of graph.inputs.
[[nodiscard]] Result<Plan> make_plan(const Program& program, std::span<const Dims> input_dims,
                                     const std::shared_ptr<MemoryBudget>& budget,
                                     double work_limit = RunControl::usual_work_limit);

} // namespace detect
