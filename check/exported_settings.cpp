// SPDX-License-Identifier: Apache-2.0
#include "check/exported_settings.h"

#include "check/read_anchors.h"
#include "checkpoint/setting_rules.h"
#include "checkpoint/setting_text.h"

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
    std::vector<float> suppressions;
    for_each_node(queries.graph(), [&](const Graph& graph, const Node& node) {
        if (node.op != "NonMaxSuppression" || !graph.is_constant(node.input(3))) return;
        const Tensor& threshold = graph[node.input(3)].constant;
        if (threshold.type() == DataType::float32 && threshold.element_count() == 1)
            suppressions.push_back(threshold.data<float>()[0]);
    });
    if (!suppressions.empty()) settings.nms_threshold = suppressions.back();
    if (suppressions.size() >= 2) settings.rpn_nms_threshold = suppressions.front();
}

std::vector<float> to_floats(const std::vector<double>& numbers) {
    std::vector<float> floats;
    for (const double number : numbers) floats.push_back(static_cast<float>(number));
    return floats;
}

/// (x − mean) / deviation of three channels; the last before the picture is resized is the network's own.
void read_normalisation(const GraphQueries& queries, SettingsOverrides& settings) {
    constexpr std::size_t channels = 3;
    for (const Node& node : queries.graph().nodes) {
        if (node.op == "Resize" || node.op == "Conv") return;
        if (node.op != "Div") continue;
        const Node* difference = queries.producer(node.input(0));
        if (difference == nullptr || difference->op != "Sub") continue;
        const auto mean = queries.few_numbers(difference->input(1));
        const auto deviation = queries.few_numbers(node.input(1));
        if (mean.size() != channels || deviation.size() != channels) continue;
        settings.image_mean = to_floats(mean);
        settings.image_std = to_floats(deviation);
    }
}

/// The coordinates of box deltas that a division takes, by their numbers: torchvision's BoxCoder takes every fourth
/// from one on, this program the first two and the last two of the last axis. Empty if it divides something else.
std::vector<std::size_t> divided_coordinates(const GraphQueries& queries, const Node& division) {
    const Node* slice = queries.producer(division.input(0));
    // The RPN's deltas are a convolution's, those of the RoI heads a fully connected layer's.
    if (slice == nullptr || slice->op != "Slice" || queries.source(slice->input(0), {"Gemm", "MatMul"}) == nullptr)
        return {};
    const auto starts = attribute_or_input(queries, *slice, "starts", 1);
    const auto ends = attribute_or_input(queries, *slice, "ends", 2);
    if (!starts || !ends || starts->size() != 1 || ends->size() != 1) return {};
    const std::int64_t start = starts->front();
    if (start < 0 || start > 3) return {};
    const auto first = static_cast<std::size_t>(start);
    if (start % 2 == 0 && ends->front() == start + 2) return {first, first + 1};
    return ends->front() > 4 ? std::vector{first} : std::vector<std::size_t>{};
}

void read_box_weights(const GraphQueries& queries, SettingsOverrides& settings) {
    std::vector<float> weights(4, 0.0F);
    for (const Node& node : queries.graph().nodes) {
        const auto divisors = node.op == "Div" ? queries.few_numbers(node.input(1)) : std::vector<double>{};
        const auto coordinates = divisors.empty() ? std::vector<std::size_t>{} : divided_coordinates(queries, node);
        if (divisors.size() != 1 && divisors.size() != coordinates.size()) continue;
        for (std::size_t i = 0; i < coordinates.size(); ++i)
            weights[coordinates[i]] = static_cast<float>(divisors[divisors.size() == 1 ? 0 : i]);
    }
    if (std::ranges::all_of(weights, [](float weight) { return weight > 0.0F; })) settings.box_weights = weights;
}

/// Whether boxes that a slice keeps the best of are detections rather than proposals: regions were pooled before.
bool comes_after_pooling(const GraphQueries& queries, ValueId id) {
    const std::vector<bool> ancestors = queries.ancestors(id);
    for (std::size_t i = 0; i < ancestors.size(); ++i) {
        if (ancestors[i] && queries.graph().nodes[i].op == "RoiAlign") return true;
    }
    return false;
}

bool holds_suppression(const Node& node) {
    bool found = node.op == "NonMaxSuppression";
    for (const auto& [name, attribute] : node.attributes) {
        const auto* body = std::get_if<std::shared_ptr<const Graph>>(&attribute);
        if (body == nullptr) continue;
        for_each_node(**body,
                      [&](const Graph&, const Node& inner) { found = found || inner.op == "NonMaxSuppression"; });
    }
    return found;
}

/// keep[:n] of what a suppression keeps: rpn_post_nms_top_n of proposals, max_detections of detections.
void read_kept(const GraphQueries& queries, SettingsOverrides& settings) {
    for (const Node& node : queries.graph().nodes) {
        if (node.op != "Slice") continue;
        const Node* kept = queries.producer(node.input(0));
        if (kept == nullptr || kept->op == "NonMaxSuppression") continue; // columns of its result
        if (!holds_suppression(*kept)) kept = queries.source(node.input(0), {"NonMaxSuppression"});
        const auto starts = attribute_or_input(queries, node, "starts", 1);
        const auto ends = attribute_or_input(queries, node, "ends", 2);
        if (kept == nullptr || !starts || !ends || *starts != std::vector<std::int64_t>{0} || ends->size() != 1)
            continue;
        if (ends->front() < 1 || ends->front() > 1'000'000) continue;
        auto& setting =
            comes_after_pooling(queries, node.input(0)) ? settings.max_detections : settings.rpn_post_nms_top_n;
        setting = ends->front();
    }
}

/// Files of this program that lost their metadata still have constants of these names.
void read_named_constants(const Graph& graph, SettingsOverrides& settings) {
    for (const Value& value : graph.values) {
        if (!value.constant.defined() || value.constant.element_count() != 1) continue;
        const auto setting = std::ranges::find(setting_table(), value.name, &Setting::key);
        if (setting == setting_table().end()) continue;
        const Tensor& tensor = value.constant;
        const std::string text = tensor.type() == DataType::float32 ? detect::to_text(tensor.data<float>()[0])
                                 : tensor.type() == DataType::int64 ? detect::to_text(tensor.data<std::int64_t>()[0])
                                                                    : "";
        if (auto read = read_override(*setting, text, settings); !read) continue;
    }
}

/// What no network may have was something else.
void drop_nonsense(SettingsOverrides& settings) {
    SettingsOverrides sound;
    for (const Setting& setting : setting_table()) {
        NetworkSettings tried;
        apply_override(setting, settings, tried);
        if (check_range(setting, tried)) fill_in_override(setting, sound, settings);
    }
    settings = std::move(sound);
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
    read_kept(queries, settings);
    read_normalisation(queries, settings);
    read_box_weights(queries, settings);
    read_named_constants(graph, settings);
    if (const auto anchors = read_anchors(graph)) {
        settings.anchor_sizes = anchors->sizes;
        settings.aspect_ratios = anchors->aspect_ratios;
    }
    drop_nonsense(settings);
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
