#include "executor/passes/passes.h"

#include <cmath>

namespace detect {

namespace {

bool is_hard_sigmoid_of(const Node& node, ValueId x) {
    return node.op == "HardSigmoid" && node.domain.empty() && node.inputs[0] == x &&
           std::abs(node.float_or("alpha", 0.2F) - 1.0F / 6.0F) < 1e-7F && node.float_or("beta", 0.5F) == 0.5F;
}

} // namespace

Result<int> compose_hard_swish(Graph& graph) {
    int changes = 0;
    const std::vector<std::int32_t> producers = graph.producers();
    for (Node& node : graph.nodes) {
        if (node.op != "Mul" || !node.domain.empty()) continue;
        for (const std::size_t gate : {std::size_t{0}, std::size_t{1}}) {
            const ValueId x = node.inputs[1 - gate];
            const std::int32_t producer = producers[static_cast<std::size_t>(node.inputs[gate].index)];
            if (producer < 0 || !is_hard_sigmoid_of(graph.nodes[static_cast<std::size_t>(producer)], x)) continue;
            node.op = "HardSwish";
            node.inputs = {x};
            ++changes;
            break;
        }
    }
    if (changes > 0) graph.remove_unused();
    return changes;
}

} // namespace detect
