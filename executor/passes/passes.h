// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/kernel.h"
#include "graph/graph.h"

#include <span>
#include <string_view>
#include <vector>

namespace detect {

/// What may be computed ahead of one graph, 64 MiB in all: a few bytes of a file can ask for any amount.
class FoldingBudget {
public:
    /// False, and nothing is taken, if so much is not left.
    [[nodiscard]] bool take(std::size_t bytes);

private:
    std::size_t left_ = std::size_t{64} << 20;
};

/// A rewriting of a graph that leaves what it computes alone.
struct Pass {
    std::string_view name;
    /// Returns how many changes it made. The budget is of all passes over the graph.
    Result<int> (*run)(Graph&, FoldingBudget&);
};

/// Runs the passes over and over until none changes anything, and checks the graph after each one that did; an error
/// names the pass.
[[nodiscard]] Result<void> run_passes(Graph& graph, std::span<const Pass> passes);

/// What is known without an input is computed once: nodes whose inputs are all constants, and shapes that are numbers.
/// Editable constants (thresholds) stay, and so do results of more than 16 MiB, those beyond the budget, and operators
/// whose work is out of proportion to what they read and write. Weights stored as float16 are widened at any size.
[[nodiscard]] Result<int> fold_constants(Graph& graph, FoldingBudget& budget);

/// The same without dropping anything: values found out get their `constant`, all others the shapes that follow.
/// By node: whether it need not run any more. Ids stay as they are, so a plan can refer to them. The values' memory
/// comes from `allocate`.
[[nodiscard]] Result<std::vector<bool>> propagate_constants(Graph& graph, FoldingBudget& budget,
                                                            const KernelContext::Allocator& allocate);

/// Conv followed by BatchNormalization becomes one Conv (in double precision, rounded once).
[[nodiscard]] Result<int> fold_batch_normalization(Graph& graph);

/// Constants of equal content become one; so do nodes with the same operator, attributes and inputs.
[[nodiscard]] Result<int> merge_duplicates(Graph& graph);

/// Drops nodes that hand their input through: Identity, Cast to the same type, Transpose that moves nothing.
[[nodiscard]] Result<int> remove_identities(Graph& graph);

/// The passes that simplify a network, in this order: before it is exported, and after a file was loaded.
[[nodiscard]] std::span<const Pass> simplification_passes();

} // namespace detect
