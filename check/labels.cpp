// SPDX-License-Identifier: Apache-2.0
#include "base/json_tree.h"
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <nlohmann/json.hpp>

namespace detect::checking {

namespace {

/// The classes that a model tells apart, by its softmax.
struct Classes {
    std::int64_t count = 0;
    /// Whether the first is left out as the background, as torchvision's detectors do.
    bool has_background = false;
};

/// Slices off the first entry of the last axis or the second.
bool drops_first(const GraphQueries& queries, const Node& node) {
    const auto starts = attribute_or_input(queries, node, "starts", 1);
    const auto axes = attribute_or_input(queries, node, "axes", 3);
    return starts == std::vector<std::int64_t>{1} && axes && axes->size() == 1 && axes->front() != 0;
}

std::optional<Classes> find_classes(const CheckContext& context) {
    const GraphQueries& queries = context.queries;
    for (const ValueId output : context.graph.outputs) {
        if (context.graph[output].type != DataType::float32) continue;
        const Node* softmax = queries.source(output, {"Softmax"});
        if (softmax == nullptr) continue;
        const auto& shape = context.graph[softmax->outputs[0]].shape;
        if (!shape || shape->empty() || !shape->back().size) continue;
        Classes classes{.count = *shape->back().size, .has_background = false};
        // From the output up to the softmax there is at most one slice of classes.
        ValueId at = output;
        while (const Node* slice = queries.source(at, {"Slice", "Softmax"})) {
            if (slice->op == "Softmax") break;
            classes.has_background = classes.has_background || drops_first(queries, *slice);
            at = slice->inputs[0];
        }
        return classes;
    }
    return std::nullopt;
}

struct Names {
    std::string where;
    std::vector<std::string> names;
};

std::optional<Names> find_names(const CheckContext& context) {
    if (context.options.labels) return Names{"the class names given", *context.options.labels};
    for (const char* key : {"labels", "names", "classes"}) {
        const auto entry = context.graph.metadata.find(key);
        if (entry == context.graph.metadata.end()) continue;
        const auto tree = parse_json_text<nlohmann::json>(entry->second);
        const nlohmann::json& json = *tree;
        if (!json.is_array()) continue;
        Names names{"metadata '" + entry->first + "'", {}};
        for (const auto& item : json) names.names.push_back(item.is_string() ? item.get<std::string>() : std::string());
        return names;
    }
    return std::nullopt;
}

bool names_background(const std::string& name) {
    std::string letters;
    for (const char c : name) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0)
            letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return letters == "background" || letters == "bg";
}

std::optional<Finding> compare(const Classes& classes, const Names& names) {
    const auto count = static_cast<std::int64_t>(names.names.size());
    const std::int64_t expected = classes.has_background ? classes.count - 1 : classes.count;
    if (count == expected || count == 0) return std::nullopt;
    Finding finding{.severity = Severity::error, .where = names.where, .what = {}, .advice = {}};
    if (classes.has_background && count == classes.count) {
        const bool named = names_background(names.names[0]);
        finding.what = "labels off by one: there are " + std::to_string(count) + " names for " +
                       std::to_string(expected) +
                       " classes and the background, which is label 0 and never reported; counted from 1, the first "
                       "class gets the name '" +
                       names.names[0] + "'";
        finding.advice = named ? "leave '" + names.names[0] + "' out of the names"
                               : "give one name for each class besides the background, in the order of training";
    } else {
        finding.what = "there are " + std::to_string(count) + " names, but the model has " + std::to_string(expected) +
                       " classes" + (classes.has_background ? " besides the background" : "") +
                       ": names are wrong or missing";
        finding.advice = "take the list of classes that this model was trained with";
    }
    return finding;
}

/// Takes 1 away from every label.
const Node* find_shift(const CheckContext& context) {
    for (const ValueId output : context.graph.outputs) {
        const Value& value = context.graph[output];
        if (value.type != DataType::int64 && value.type != DataType::int32) continue;
        const Node* node = context.queries.source(output, {"Sub", "Add"});
        if (node == nullptr) continue;
        const auto by = context.queries.number(node->input(1));
        if (by && *by == (node->op == "Sub" ? 1.0 : -1.0)) return node;
    }
    return nullptr;
}

} // namespace

std::optional<std::int64_t> class_count(const CheckContext& context) {
    const auto classes = find_classes(context);
    return classes ? std::optional(classes->count) : std::nullopt;
}

Result<void> check_labels(const CheckContext& context, Findings& findings) {
    const auto classes = find_classes(context);
    if (!classes) return {};
    if (const auto names = find_names(context)) {
        if (auto finding = compare(*classes, *names)) findings.push_back(*std::move(finding));
    }
    if (!classes->has_background) return {};
    if (const Node* shift = find_shift(context)) {
        findings.push_back(
            {.severity = Severity::warning,
             .where = describe(*shift),
             .what = "takes 1 away from every label: the first class is reported as 0, which everywhere else is the "
                     "background; "
                     "programs written for torchvision's labels are off by one, and 'detect run' shows the wrong names",
             .advice = "take the subtraction out of the wrapper and export again, or add 1 where labels are read"});
    }
    return {};
}

} // namespace detect::checking
