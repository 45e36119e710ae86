// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/steps/row_steps.h"

namespace detect {

namespace {

/// Over the last axis.
struct FoundSoftmax {
    std::vector<std::size_t> nodes;
};

std::optional<FoundSoftmax> find_softmax(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (node.op != "Softmax" || !node.domain.empty()) return std::nullopt;
    const Value& x = graph.value(node.inputs[0]);
    const std::int64_t axis = node.int_or("axis", graph.opset() < 13 ? 1 : -1);
    const bool fits = x.type == DataType::float32 && is_last_axis(axis, x);
    return fits ? std::optional(FoundSoftmax{{n}}) : std::nullopt;
}

Result<void> lower_softmax(ProgramBuilder& program, const FoundSoftmax& found) {
    const Node& node = program.node(found.nodes.front());
    const std::int32_t input = program.in_layout(node.inputs[0], Layout::plain);
    program.append(make_softmax(program.kernels()), node.name, {input}, {program.slot(node.outputs[0], Layout::plain)});
    return {};
}

} // namespace

std::optional<Match> match_softmax(const GraphView& graph, std::size_t node) {
    return as_match(find_softmax(graph, node), lower_softmax);
}

} // namespace detect
