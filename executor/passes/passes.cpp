// SPDX-License-Identifier: Apache-2.0
#include "executor/passes/passes.h"

#include "base/try.h"

#include <array>
#include <numeric>

namespace detect {

Result<void> run_passes(Graph& graph, std::span<const Pass> passes) {
    FoldingBudget budget;
    bool changed = true;
    while (changed) {
        changed = false;
        for (const Pass& pass : passes) {
            auto changes = pass.run(graph, budget);
            if (changes && *changes == 0) continue;
            auto state = changes ? graph.validate() : Result<void>(changes.error());
            if (!state) {
                return Error{state.error().code, "pass " + std::string(pass.name) + ": " + state.error().message};
            }
            changed = true;
        }
    }
    return {};
}

Result<int> remove_identities(Graph& graph) {
    int changes = 0;
    std::vector<bool> is_output(graph.values.size(), false);
    for (const ValueId output : graph.outputs) is_output[static_cast<std::size_t>(output.index)] = true;
    const auto hands_through = [&](const Node& node) {
        if (!node.domain.empty() || node.inputs.size() != 1) return false;
        if (node.op == "Identity") return true;
        if (node.op == "Cast") return graph[node.inputs[0]].type == graph[node.outputs[0]].type;
        if (node.op == "Transpose") {
            const auto* permutation = node.attribute<std::vector<std::int64_t>>("perm");
            if (permutation == nullptr) return false;
            std::vector<std::int64_t> in_place(permutation->size());
            std::iota(in_place.begin(), in_place.end(), 0);
            return *permutation == in_place;
        }
        return false;
    };
    // By value: the one it is the same as. Nodes stand in order, so what is in front is settled.
    std::vector<std::int32_t> same(graph.values.size());
    std::iota(same.begin(), same.end(), 0);
    for (Node& node : graph.nodes) {
        for (ValueId& input : node.inputs) {
            if (input.present()) input.index = same[static_cast<std::size_t>(input.index)];
        }
        // An output keeps its own name, so its node stays.
        if (!hands_through(node) || is_output[static_cast<std::size_t>(node.outputs[0].index)]) continue;
        same[static_cast<std::size_t>(node.outputs[0].index)] = node.inputs[0].index;
        ++changes;
    }
    if (changes > 0) graph.remove_unused();
    return changes;
}

std::span<const Pass> simplification_passes() {
    static constexpr std::array<Pass, 4> passes{{
        {"fold_batch_normalization", [](Graph& graph, FoldingBudget&) { return fold_batch_normalization(graph); }},
        {"fold_constants", fold_constants},
        {"remove_identities", [](Graph& graph, FoldingBudget&) { return remove_identities(graph); }},
        {"merge_duplicates", [](Graph& graph, FoldingBudget&) { return merge_duplicates(graph); }},
    }};
    return passes;
}

} // namespace detect
