// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

namespace detect::checking {

namespace {

/// Milliseconds by node name and operator of one run on the picture; empty if there was none worth measuring. A step
/// that does the work of several nodes has another label than an operator's, and counts for none of them.
struct Profile {
    std::map<std::pair<std::string, std::string>, double> by_node;
    double total = 0.0;
};

Result<Profile> measure(const Trials& trials) {
    Profile profile;
    if (!trials.possible() || !trials.has_image() || trials.image_run().failure) return profile;
    DETECT_TRY_ASSIGN(const std::vector<StepTime> times, trials.profile());
    for (const StepTime& step : times) {
        profile.by_node[{step.name, step.label}] += step.milliseconds;
        profile.total += step.milliseconds;
    }
    return profile;
}

double time_of(const Profile& profile, const std::vector<const Node*>& nodes) {
    double time = 0.0;
    for (const Node* node : nodes) {
        const auto entry = profile.by_node.find({node->name, node->op});
        if (entry != profile.by_node.end()) time += entry->second;
    }
    return time;
}

std::string in_milliseconds(double time, const Profile& profile) {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f of %.1f ms", time, profile.total);
    return text;
}

/// Region features of several pyramid levels, put together by writing them element by element to where they belong.
std::vector<const Node*> merged_levels(const CheckContext& context) {
    std::vector<const Node*> nodes;
    for (const Node& node : context.graph.nodes) {
        if (node.op == "ScatterElements" && context.queries.source(node.input(2), {"RoiAlign"}) != nullptr)
            nodes.push_back(&node);
    }
    return nodes;
}

/// What makes the places that they are written to, one for each element.
std::vector<const Node*> with_indices(const CheckContext& context, std::vector<const Node*> merges) {
    const std::size_t count = merges.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Node* indices = context.queries.source(merges[i]->input(1), {"Expand"});
        if (indices != nullptr) merges.push_back(indices);
    }
    return merges;
}

bool levels_are_the_same(const Graph& graph) {
    std::set<float> scales;
    std::size_t count = 0;
    for (const Node& node : graph.nodes) {
        if (node.op != "RoiAlign") continue;
        ++count;
        scales.insert(node.float_or("spatial_scale", 1.0F));
    }
    return count > 1 && scales.size() == 1;
}

Finding describe_merging(const CheckContext& context, const std::vector<const Node*>& merges, const Profile& profile) {
    Finding finding{.severity = Severity::cost,
                    .where = describe(*merges.front()),
                    .what = "region features of " + std::to_string(merges.size()) +
                            " pyramid levels are merged element by element (ScatterElements)",
                    .advice = "'detect export' makes a file that does not merge levels"};
    if (levels_are_the_same(context.graph)) {
        finding.what += ", although all levels have the same stride, so that every region comes from the first";
        finding.advice = "'detect export' pools from the one level that is used";
    }
    finding.what += "; in ONNX Runtime this can be most of a run's time";
    if (profile.total > 0.0) {
        finding.milliseconds = time_of(profile, with_indices(context, merges));
        finding.what += ". On the picture, with our executor: " + in_milliseconds(finding.milliseconds, profile);
    }
    return finding;
}

/// Moves numbers about without computing: what a network does beside its work.
bool moves(const std::string& op) {
    static constexpr std::array<std::string_view, 12> ops{"Concat",   "Expand",    "Gather",          "GatherElements",
                                                          "GatherND", "ScatterND", "ScatterElements", "Slice",
                                                          "Tile",     "Transpose", "Where",           "Pad"};
    return std::ranges::find(ops, op) != ops.end();
}

/// An operator that moves numbers and takes more than its share of the time.
std::optional<Finding> find_expensive_moves(const CheckContext& context, const Profile& profile,
                                            const std::vector<const Node*>& known) {
    constexpr double share = 0.2;
    constexpr double noticeable = 2.0; // milliseconds
    std::map<std::string, std::vector<const Node*>> by_op;
    for (const Node& node : context.graph.nodes) {
        if (moves(node.op) && std::ranges::find(known, &node) == known.end()) by_op[node.op].push_back(&node);
    }
    for (const auto& [op, nodes] : by_op) {
        const double time = time_of(profile, nodes);
        if (time < share * profile.total || time < noticeable) continue;
        const Node* worst =
            *std::ranges::max_element(nodes, {}, [&](const Node* node) { return time_of(profile, {node}); });
        return Finding{.severity = Severity::cost,
                       .where = describe(*worst),
                       .what = std::to_string(nodes.size()) + " " + op +
                               (nodes.size() == 1 ? " node takes " : " nodes take ") + in_milliseconds(time, profile) +
                               " on the picture only to move numbers about; this is the most expensive of them",
                       .advice = "look at what the exporter made of the Python code around this node: indexing in a "
                                 "loop, or a copy of the whole tensor",
                       .milliseconds = time};
    }
    return std::nullopt;
}

} // namespace

Result<void> check_costs(const CheckContext& context, Findings& findings) {
    DETECT_TRY_ASSIGN(const Profile profile, measure(context.trials));
    const std::vector<const Node*> merges = merged_levels(context);
    if (!merges.empty()) findings.push_back(describe_merging(context, merges, profile));
    if (auto finding = find_expensive_moves(context, profile, with_indices(context, merges)))
        findings.push_back(*std::move(finding));
    return {};
}

} // namespace detect::checking
