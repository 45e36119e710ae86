// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/patterns.h"
#include "executor/steps/pooling_steps.h"
#include "graph/operators/window_attributes.h"

namespace detect {

namespace {

/// GlobalAveragePool or MaxPool of a channels-last map.
struct FoundPooling {
    std::vector<std::size_t> nodes;
    /// Of a MaxPool: rows and columns.
    std::optional<std::array<Window, 2>> windows;
};

std::optional<std::array<Window, 2>> max_pool_windows(const Node& node) {
    const auto* kernel = node.attribute<std::vector<std::int64_t>>("kernel_shape");
    const bool plain = node.outputs.size() == 1 && node.int_or("ceil_mode", 0) == 0 &&
                       node.string_or("auto_pad", "NOTSET") == "NOTSET" && kernel != nullptr && kernel->size() == 2;
    if (!plain) return std::nullopt;
    const auto windows = window_attributes(node, 2, *kernel);
    return windows ? std::optional(std::array{windows->axes[0], windows->axes[1]}) : std::nullopt;
}

std::optional<FoundPooling> find_pooling(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    const bool averages = node.op == "GlobalAveragePool";
    if ((!averages && node.op != "MaxPool") || !node.domain.empty()) return std::nullopt;
    const ValueId x = node.inputs[0];
    if (!graph.is_written(x, Layout::channels_last) || graph.value(x).type != DataType::float32) return std::nullopt;
    if (averages) return FoundPooling{.nodes = {n}, .windows = {}};
    const auto windows = max_pool_windows(node);
    return windows ? std::optional(FoundPooling{.nodes = {n}, .windows = windows}) : std::nullopt;
}

Result<void> lower_pooling(ProgramBuilder& program, const FoundPooling& found) {
    const Node& node = program.node(found.nodes.front());
    auto step = found.windows ? make_max_pool(program.kernels(), (*found.windows)[0], (*found.windows)[1])
                              : make_global_average_pool(program.kernels());
    program.append(std::move(step), node.name, {program.slot(node.inputs[0], Layout::channels_last)},
                   {program.slot(node.outputs[0], Layout::channels_last)});
    return {};
}

} // namespace

std::optional<Match> match_pooling(const GraphView& graph, std::size_t node) {
    return as_match(find_pooling(graph, node), lower_pooling);
}

} // namespace detect
