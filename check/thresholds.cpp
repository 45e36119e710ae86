// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>
#include <cstdio>

namespace detect::checking {

namespace {

/// A comparison of scores with a constant that decides what is reported.
struct Threshold {
    std::size_t node = 0;
    std::size_t input = 0;
    float value = 0.0F;
};

bool is_float(const Graph& graph, ValueId id) { return graph[id].type == DataType::float32; }

/// A score is a probability: what comes out of a sigmoid or softmax. Lengths in pixels are compared too.
std::vector<Threshold> score_thresholds(const CheckContext& context) {
    std::vector<Threshold> thresholds;
    for (std::size_t i = 0; i < context.graph.nodes.size(); ++i) {
        const Node& node = context.graph.nodes[i];
        const bool compares =
            node.op == "Greater" || node.op == "Less" || node.op == "GreaterOrEqual" || node.op == "LessOrEqual";
        const bool suppresses = node.op == "NonMaxSuppression" && node.input(4).present();
        if (!compares && !suppresses) continue;
        for (std::size_t side = 0; side < 2; ++side) {
            const std::size_t input = suppresses ? 4 : side;
            const ValueId scores = suppresses ? node.inputs[1] : node.input(1 - side);
            const auto value = context.queries.number(node.input(input));
            constexpr double sensible = 1e6; // a threshold of another type, or anything else, is none of ours
            if (!value || *value <= 0.0 || *value > sensible || !is_float(context.graph, node.input(input)) ||
                context.queries.source(scores, {"Softmax", "Sigmoid"}) == nullptr)
                continue;
            thresholds.push_back({i, input, static_cast<float>(*value)});
            if (suppresses) break;
        }
    }
    return thresholds;
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

/// The same graph with every threshold at most `most`.
Graph with_thresholds_lowered(Graph graph, const std::vector<Threshold>& thresholds, float most) {
    for (const Threshold& threshold : thresholds) {
        if (threshold.value <= most) continue;
        const ValueId old = graph.nodes[threshold.node].inputs[threshold.input];
        Tensor lowered = Tensor::of<float>(graph[old].constant.dims(), {most});
        graph.nodes[threshold.node].inputs[threshold.input] =
            graph.add_constant("lowered_threshold", std::move(lowered));
    }
    return graph;
}

constexpr const char* advice =
    "set the threshold of the export lower (torchvision: box_score_thresh and rpn_score_thresh, by default 0.05 or "
    "less), and leave out what is faint when results are used: 'detect run --score 0.5'";

} // namespace

Result<void> check_thresholds(const CheckContext& context, Findings& findings) {
    const std::vector<Threshold> thresholds = score_thresholds(context);
    const auto highest = std::ranges::max_element(thresholds, {}, &Threshold::value);
    if (highest == thresholds.end()) return {};
    const std::string where = describe(context.graph.nodes[highest->node]);
    if (highest->value >= 1.0F) {
        findings.push_back({.severity = Severity::error,
                            .where = where,
                            .what = "keeps scores above " + number(highest->value) +
                                    ", but a score is at most 1: nothing is ever reported",
                            .advice = advice});
        return {};
    }
    const Trials& trials = context.trials;
    if (!trials.possible() || !trials.has_image()) return {};
    const TrialRun& run = trials.image_run();
    const bool finds_nothing =
        run.failure ? run.failure->reads_nothing : !run.detections.empty() && run.detections[0].empty();
    constexpr float usual = 0.05F;
    if (!finds_nothing || highest->value <= usual) return {};
    DETECT_TRY_ASSIGN(const TrialRun lowered,
                      trials.run_changed(with_thresholds_lowered(context.graph, thresholds, usual)));
    if (lowered.detections.empty()) return {};
    constexpr float worth_seeing = 0.3F;
    const auto& detections = lowered.detections[0];
    const auto hidden = std::ranges::count_if(detections, [](const Detection& d) { return d.score >= worth_seeing; });
    if (hidden == 0) return {};
    const float best = std::ranges::max(detections, {}, &Detection::score).score;
    findings.push_back({.severity = Severity::error,
                        .where = where,
                        .what = "the threshold of " + number(highest->value) + " hides everything on the picture: at " +
                                number(usual) + " there are " + std::to_string(hidden) +
                                " detections of score 0.3 and more, the best with " + number(best),
                        .advice = advice});
    return {};
}

} // namespace detect::checking
