// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check/check.h"
#include "check/graph_queries.h"
#include "check/trials.h"

namespace onnx {
class ModelProto;
}

namespace detect::checking {

/// What a check learns that is no finding.
struct Facts {
    /// How pictures are to be fed, and how that showed.
    std::string feeding;
};

/// What every check gets.
struct CheckContext {
    /// As it was read, with every shape that can be known.
    const Graph& graph;
    const GraphQueries& queries;
    const Trials& trials;
    const CheckOptions& options;
    Facts& facts;
};

using Findings = std::vector<Finding>;

/// Whether how much this node is given depends on what a picture shows, not on its size alone.
[[nodiscard]] bool depends_on_findings(const GraphQueries& queries, const Node& node);
/// Whether this is the reshape that a trace without proposals leaves behind; see proposal_less_trace.cpp.
[[nodiscard]] bool is_proposal_less_reshape(const GraphQueries& queries, const Node& node);

/// How many classes the model tells apart, background included; nullopt if its outputs do not show it.
[[nodiscard]] std::optional<std::int64_t> class_count(const CheckContext& context);

// One function for each family of findings. They add what they find; an error means that looking itself failed (no
// memory), not that something was found.

// Of the file, before it is read as a graph.
Result<void> check_training_mode(const onnx::ModelProto& model, Findings& findings);

// Of the graph.
Result<void> check_proposal_less_trace(const CheckContext& context, Findings& findings);
Result<void> check_empty_results(const CheckContext& context, Findings& findings);
Result<void> check_baked_batch(const CheckContext& context, Findings& findings);
Result<void> check_baked_size(const CheckContext& context, Findings& findings);
Result<void> check_input_range(const CheckContext& context, Findings& findings);
Result<void> check_roi_align(const CheckContext& context, Findings& findings);
Result<void> check_thresholds(const CheckContext& context, Findings& findings);
Result<void> check_labels(const CheckContext& context, Findings& findings);
Result<void> check_numbers(const CheckContext& context, Findings& findings);
Result<void> check_compatibility(const CheckContext& context, Findings& findings);
Result<void> check_costs(const CheckContext& context, Findings& findings);

/// Compares with our own export of the checkpoint with these settings; fills in `agreement`.
Result<void> check_against_checkpoint(const CheckContext& context, const SettingsOverrides& settings,
                                      Findings& findings, std::vector<PictureComparison>& agreement);

} // namespace detect::checking
