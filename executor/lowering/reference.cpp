// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/reference.h"

#include "executor/lowering/patterns.h"
#include "executor/steps/reference_step.h"
#include "graph/operators.h"

namespace detect {

Result<void> append_reference(ProgramBuilder& program, const Node& node, Layout layout) {
    const Kernel kernel = find_reference_kernel(node.domain, node.op);
    if (kernel == nullptr) {
        return Error{ErrorCode::unsupported, describe(node) + ": no kernel for this operator"};
    }
    std::vector<std::int32_t> inputs;
    for (const ValueId id : node.inputs) {
        const bool constant = id.present() && program.value(id).constant.defined();
        inputs.push_back(program.in_layout(id, constant ? Layout::plain : layout));
    }
    std::vector<std::int32_t> outputs;
    for (const ValueId id : node.outputs) outputs.push_back(program.slot(id, layout));
    program.append(make_reference_step(node, program.view().opset(), kernel), node.name, std::move(inputs),
                   std::move(outputs));
    return {};
}

std::optional<Match> match_reference(const GraphView& /*graph*/, std::size_t n) {
    return Match{.nodes = {n}, .side_nodes = {}, .make_step = [n](ProgramBuilder& program) {
                     return append_reference(program, program.node(n), Layout::plain);
                 }};
}

} // namespace detect
