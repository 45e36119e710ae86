// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/steps/transpose_step.h"

namespace detect {

namespace {

struct FoundTranspose {
    std::vector<std::size_t> nodes;
    std::vector<std::size_t> order;
};

std::optional<FoundTranspose> find_transpose(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (node.op != "Transpose" || !node.domain.empty()) return std::nullopt;
    auto order = permutation_of(node);
    return order ? std::optional(FoundTranspose{{n}, *std::move(order)}) : std::nullopt;
}

Result<void> lower_transpose(ProgramBuilder& program, const FoundTranspose& found) {
    const Node& node = program.node(found.nodes.front());
    const std::int32_t input = program.in_layout(node.inputs[0], Layout::plain);
    program.append(make_transpose(found.order), node.name, {input}, {program.slot(node.outputs[0], Layout::plain)});
    return {};
}

} // namespace

std::optional<Match> match_transpose(const GraphView& graph, std::size_t node) {
    return as_match(find_transpose(graph, node), lower_transpose);
}

} // namespace detect
