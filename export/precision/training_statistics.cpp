// SPDX-License-Identifier: Apache-2.0
#include "export/precision/training_statistics.h"

#include <algorithm>
#include <cmath>

namespace detect {

std::optional<TrainingStatistics> training_statistics(const Graph& graph) {
    const auto norm = std::ranges::find(graph.nodes, "BatchNormalization", &Node::op);
    if (norm == graph.nodes.end() || !graph.is_constant(norm->input(1)) || !graph.is_constant(norm->input(2)))
        return std::nullopt;
    // y = scale · (x − mean) / sqrt(variance + ε) + bias, with the mean and the variance of x in training.
    const auto scale = graph[norm->inputs[1]].constant.data<float>();
    const auto bias = graph[norm->inputs[2]].constant.data<float>();
    TrainingStatistics result{
        .value = graph[norm->outputs[0]].name, .mean = {bias.begin(), bias.end()}, .deviation = {}};
    for (const float s : scale) result.deviation.push_back(std::abs(s));
    return result;
}

} // namespace detect
