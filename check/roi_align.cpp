// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>

namespace detect::checking {

namespace {

constexpr const char* attribute = "coordinate_transformation_mode";
/// Opset 16 gave RoiAlign this attribute, and a default that is not what the operator did before.
constexpr int opset_with_modes = 16;

/// RoIAlign nodes that leave the mode to the default.
std::vector<const Node*> nodes_without_mode(const Graph& graph) {
    std::vector<const Node*> nodes;
    for (const Node& node : graph.nodes) {
        if (node.op == "RoiAlign" && node.domain.empty() && !node.attributes.contains(attribute))
            nodes.push_back(&node);
    }
    return nodes;
}

Graph with_mode(Graph graph, const std::string& mode) {
    for (Node& node : graph.nodes) {
        if (node.op == "RoiAlign" && !node.attributes.contains(attribute)) node.attributes[attribute] = mode;
    }
    return graph;
}

} // namespace

/// torchvision's detectors pool with aligned=False, ONNX's "output_half_pixel"; its exporter does not write the mode.
/// Up to opset 15 that is what the operator does; from 16 on the default is the other mode, half a cell away.
Result<void> check_roi_align(const CheckContext& context, Findings& findings) {
    if (context.graph.opset < opset_with_modes) return {};
    const std::vector<const Node*> nodes = nodes_without_mode(context.graph);
    if (nodes.empty()) return {};
    Finding finding{.severity = Severity::warning,
                    .where = describe(*nodes.front()),
                    .what = "does not say its " + std::string(attribute) +
                            ", and from opset 16 on the default is half_pixel: a model that "
                            "pools with aligned=False, as torchvision's detectors do, has every region half a cell off",
                    .advice = "export with opset 15 or less; or set " + std::string(attribute) +
                              " to output_half_pixel on every RoiAlign"};
    const Trials& trials = context.trials;
    if (trials.possible() && trials.has_image() && !trials.image_run().failure &&
        !trials.image_run().detections.empty()) {
        DETECT_TRY_ASSIGN(const TrialRun other, trials.run_changed(with_mode(context.graph, "output_half_pixel")));
        const Confidence here = confidence(trials.image_run());
        const Confidence there = confidence(other);
        // It was trained with the default if that finds more.
        if (here.sum > there.sum) return {};
        if (there.sum > 1.05 * here.sum) finding.severity = Severity::error;
        finding.what += ". On the picture: " + std::to_string(here.sure) +
                        " detections of score 0.5 and more as it is, " + std::to_string(there.sure) +
                        " with output_half_pixel";
    }
    findings.push_back(std::move(finding));
    return {};
}

} // namespace detect::checking
