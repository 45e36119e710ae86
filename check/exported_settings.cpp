// SPDX-License-Identifier: Apache-2.0
#include "check/exported_settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace detect::checking {

namespace {

template <class T>
std::optional<T> metadata_number(const Graph& graph, const char* key) {
    const auto entry = graph.metadata.find(key);
    if (entry == graph.metadata.end()) return std::nullopt;
    const std::string& text = entry->second;
    T value{};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
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

/// TopK of min(rpn_pre_nms_top_n, anchors): the number of proposals kept.
void read_proposals(const GraphQueries& queries, SettingsOverrides& settings) {
    for (const Node& node : queries.graph().nodes) {
        if (node.op != "TopK") continue;
        const Node* least = queries.source(node.input(1), {"ReduceMin"});
        const Node* counts = least == nullptr ? nullptr : queries.producer(least->input(0));
        if (counts == nullptr || counts->op != "Concat") continue;
        for (const ValueId input : counts->inputs) {
            const auto count = queries.number(input);
            if (count && *count >= 1.0 && *count <= 1e6) settings.rpn_top_n = static_cast<std::int64_t>(*count);
        }
        if (settings.rpn_top_n) return;
    }
}

template <class T>
void fill_in(std::optional<T>& setting, const std::optional<T>& found) {
    if (!setting) setting = found;
}

} // namespace

SettingsOverrides exported_settings(const GraphQueries& queries) {
    const Graph& graph = queries.graph();
    SettingsOverrides settings;
    if (graph.metadata.contains("min_size")) {
        settings.min_size = metadata_number<std::int64_t>(graph, "min_size");
        settings.max_size = metadata_number<std::int64_t>(graph, "max_size");
        settings.rpn_score_threshold = metadata_number<float>(graph, "rpn_score_threshold");
        settings.score_threshold = metadata_number<float>(graph, "score_threshold");
        settings.nms_threshold = metadata_number<float>(graph, "nms_threshold");
        settings.max_detections = metadata_number<std::int64_t>(graph, "max_detections");
        settings.rpn_top_n = metadata_number<std::int64_t>(graph, "rpn_pre_nms_top_n");
        return settings;
    }
    read_sizes(queries, settings);
    read_thresholds(queries, settings);
    read_proposals(queries, settings);
    return settings;
}

SettingsOverrides with_defaults(SettingsOverrides given, const SettingsOverrides& found) {
    if (!given.preset) {
        fill_in(given.min_size, found.min_size);
        fill_in(given.max_size, found.max_size);
        fill_in(given.rpn_top_n, found.rpn_top_n);
    }
    fill_in(given.rpn_score_threshold, found.rpn_score_threshold);
    fill_in(given.score_threshold, found.score_threshold);
    fill_in(given.nms_threshold, found.nms_threshold);
    fill_in(given.max_detections, found.max_detections);
    return given;
}

} // namespace detect::checking
