// SPDX-License-Identifier: Apache-2.0
#include "check/exported_settings.h"

#include "checkpoint/setting_rules.h"

#include <algorithm>
#include <cmath>

namespace detect::checking {

namespace {

/// Names come with the checkpoint, or from a file; what cannot be read stays unset.
void read_metadata(const Graph& graph, SettingsOverrides& settings) {
    for (const Setting& setting : setting_table()) {
        const auto entry = graph.metadata.find(std::string(setting.key));
        if (setting.flag.empty() || holds_names(setting) || entry == graph.metadata.end()) continue;
        if (auto read = read_override(setting, entry->second, settings); !read) continue;
    }
}

/// The reduction of the picture's sides that a scale is computed from, behind casts and reciprocals.
const Node* reduced_sides(const GraphQueries& queries, ValueId id) {
    const Node* node = queries.producer(id);
    while (node != nullptr && (node->op == "Cast" || node->op == "Reciprocal")) node = queries.producer(node->input(0));
    return node != nullptr && (node->op == "ReduceMin" || node->op == "ReduceMax") ? node : nullptr;
}

/// torchvision's transform: min(min_size / min(height, width), max_size / max(height, width)).
void read_sizes(const GraphQueries& queries, SettingsOverrides& settings) {
    for (const Node& node : queries.graph().nodes) {
        if (node.op != "Mul" && node.op != "Div") continue;
        for (std::size_t side = 0; side < 2; ++side) {
            const auto size = queries.number(node.input(side));
            const Node* sides = reduced_sides(queries, node.input(1 - side));
            if (!size || sides == nullptr || *size < 1.0 || *size > 1e5 || *size != std::floor(*size)) continue;
            auto& setting = sides->op == "ReduceMin" ? settings.min_size : settings.max_size;
            if (!setting) setting = static_cast<std::int64_t>(*size);
        }
    }
}

/// Objectness and scores of classes are compared with thresholds; the last suppression is that of the detections.
void read_thresholds(const GraphQueries& queries, SettingsOverrides& settings) {
    for (const Node& node : queries.graph().nodes) {
        // A proposal is kept unless it is below the threshold, a detection if it is above.
        const bool of_proposals =
            (node.op == "GreaterOrEqual" || node.op == "Less") && queries.source(node.input(0), {"Sigmoid"}) != nullptr;
        const bool of_detections = node.op == "Greater" && queries.source(node.input(0), {"Softmax"}) != nullptr;
        const auto value = queries.number(node.input(1));
        if (!value || *value < 0.0 || *value > 1.0) continue;
        if (of_proposals) settings.rpn_score_threshold = static_cast<float>(*value);
        if (of_detections) settings.score_threshold = static_cast<float>(*value);
    }
    for_each_node(queries.graph(), [&](const Graph& graph, const Node& node) {
        if (node.op != "NonMaxSuppression" || !graph.is_constant(node.input(3))) return;
        const Tensor& threshold = graph[node.input(3)].constant;
        if (threshold.type() == DataType::float32 && threshold.element_count() == 1)
            settings.nms_threshold = threshold.data<float>()[0];
    });
}

/// TopK of min(rpn_pre_nms_top_n, anchors): the number of proposals of a level.
void read_proposals(const GraphQueries& queries, SettingsOverrides& settings) {
    for (const Node& node : queries.graph().nodes) {
        if (node.op != "TopK") continue;
        const Node* least = queries.source(node.input(1), {"ReduceMin"});
        const Node* counts = least == nullptr ? nullptr : queries.producer(least->input(0));
        if (counts == nullptr || counts->op != "Concat") continue;
        for (const ValueId input : counts->inputs) {
            const auto count = queries.number(input);
            if (count && *count >= 1.0 && *count <= 1e6) settings.rpn_pre_nms_top_n = static_cast<std::int64_t>(*count);
        }
        if (settings.rpn_pre_nms_top_n) return;
    }
}

} // namespace

SettingsOverrides exported_settings(const GraphQueries& queries) {
    const Graph& graph = queries.graph();
    SettingsOverrides settings;
    if (graph.metadata.contains("min_size")) {
        read_metadata(graph, settings);
        return settings;
    }
    read_sizes(queries, settings);
    read_thresholds(queries, settings);
    read_proposals(queries, settings);
    return settings;
}

SettingsOverrides with_defaults(SettingsOverrides given, const SettingsOverrides& found) {
    given = with_both_counts(std::move(given));
    for (const Setting& setting : setting_table()) {
        if (!given.preset || !belongs_to_preset(setting)) fill_in_override(setting, given, found);
    }
    return given;
}

} // namespace detect::checking
