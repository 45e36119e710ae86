// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/kernel.h"
#include "graph/graph.h"

#include <functional>
#include <span>
#include <stop_token>
#include <vector>

namespace detect {

/// Runs a graph node by node with the plain kernels: no passes, no plan, one thread. The yardstick for everything fast.
/// `inputs` stand in the order of graph.inputs; the result in the order of graph.outputs.
[[nodiscard]] Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs);

/// The same, but hands back the values asked for (any edge of the graph), by id.
[[nodiscard]] Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs,
                                                    std::span<const ValueId> wanted);

/// Hears of every node as soon as it is computed, in the order of graph.nodes.
using NodeObserver = std::function<void(const Node& node, std::span<const Tensor> outputs)>;

/// The same; ends early once `stop` is asked for. After a failure, the number of nodes that `observer` has heard of is
/// the index of the one that failed.
[[nodiscard]] Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs,
                                                    std::span<const ValueId> wanted, const NodeObserver& observer,
                                                    std::stop_token stop = {});

/// The body of an If or Loop, which draws on what its node has. `resource_limit` if that runs out.
[[nodiscard]] Result<std::vector<Tensor>> interpret_body(const Graph& body, std::span<const Tensor> inputs,
                                                         KernelResources& resources);

} // namespace detect
