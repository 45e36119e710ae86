// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/lowering/reference.h"
#include "executor/steps/layout_steps.h"
#include "graph/operators.h"

/// Nodes that can take channels-last maps as they are.
namespace detect {

namespace {

struct FoundNode {
    std::vector<std::size_t> nodes;
};

/// Whether steps have written this as floats (or anything else that is not shifted), channels last.
bool is_channels_last_map(const GraphView& graph, ValueId id) {
    return id.present() && graph.is_written(id, Layout::channels_last) && !is_bytes(graph.value(id));
}

/// From [N, C, H, W] to [N, H, W, C]: that is how a channels-last map lies already.
std::optional<FoundNode> find_free_transpose(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (node.op != "Transpose" || !node.domain.empty() || !is_channels_last_map(graph, node.inputs[0]))
        return std::nullopt;
    const auto* permutation = node.attribute<std::vector<std::int64_t>>("perm");
    const bool fits = permutation != nullptr && *permutation == std::vector<std::int64_t>{0, 2, 3, 1};
    return fits ? std::optional(FoundNode{{n}}) : std::nullopt;
}

Result<void> lower_free_transpose(ProgramBuilder& program, const FoundNode& found) {
    const Node& node = program.node(found.nodes.front());
    program.append(make_alias(), node.name, {program.slot(node.inputs[0], Layout::channels_last)},
                   {program.slot(node.outputs[0], Layout::plain)});
    return {};
}

/// Every input is a channels-last map, one at least, or a single number.
std::optional<FoundNode> find_elementwise(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (!has_trait(node, &Operator::elementwise) || !node.domain.empty() || is_bytes(graph.value(node.inputs[0])))
        return std::nullopt;
    bool any = false;
    for (const ValueId id : node.inputs) {
        if (!id.present() || is_number(graph.value(id))) continue;
        if (!graph.is_written(id, Layout::channels_last) || !is_rank_4(graph.value(id))) return std::nullopt;
        any = true;
    }
    return any ? std::optional(FoundNode{{n}}) : std::nullopt;
}

Result<void> lower_elementwise(ProgramBuilder& program, const FoundNode& found) {
    return append_reference(program, program.node(found.nodes.front()), Layout::channels_last);
}

} // namespace

std::optional<Match> match_channels_last_transpose(const GraphView& graph, std::size_t node) {
    return as_match(find_free_transpose(graph, node), lower_free_transpose);
}

std::optional<Match> match_channels_last_elementwise(const GraphView& graph, std::size_t node) {
    return as_match(find_elementwise(graph, node), lower_elementwise);
}

} // namespace detect
