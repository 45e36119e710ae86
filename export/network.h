// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings.h"
#include "graph/graph.h"
#include "graph/parameters.h"

#include <set>

namespace detect {

enum class OutputLayout {
    /// boxes [batch, num_detections, 4], labels, scores, valid_detections [batch].
    batched,
    /// As torchvision's own export: boxes [n, 4], labels [n], scores [n], for batch 1.
    torchvision,
};

struct NetworkDefinition {
    Graph graph;
    /// The checkpoint's tensors that the definition reads.
    std::set<std::string, std::less<>> used_parameters;
};

/// torchvision's fasterrcnn_mobilenet_v3_large_fpn as a graph (opset 17), with BatchNorm still apart.
/// Input `input`: float32 [batch, 3, height, width], RGB, 0–1; outputs by `layout`. `classes` counts the background.
/// Fails with `bad_model` listing every parameter that is missing or has another shape than expected.
[[nodiscard]] Result<NetworkDefinition> build_network(const ParameterSource& parameters, std::int64_t classes,
                                                      const NetworkSettings& settings,
                                                      OutputLayout layout = OutputLayout::batched);

} // namespace detect
