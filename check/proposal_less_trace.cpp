// SPDX-License-Identifier: Apache-2.0
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>

namespace detect::checking {

namespace {

/// The columns of `[n, columns]` where n is not known before a run.
std::optional<std::int64_t> columns_of(const std::optional<Shape>& shape) {
    if (!shape || shape->size() != 2 || (*shape)[0].size || !(*shape)[1].size) return std::nullopt;
    return (*shape)[1].size;
}

} // namespace

/// torchvision's box decoding: `if box_sum > 0: pred_boxes = pred_boxes.reshape(box_sum, -1, 4)`. Traced without
/// proposals, the reshape is gone: [n, 4·classes] goes on, its first *number* is taken for the background class, and
/// what is left cannot be cut into fours.
bool is_proposal_less_reshape(const GraphQueries& queries, const Node& node) {
    const Graph& graph = queries.graph();
    if (node.op != "Reshape" || queries.integers(node.input(1)) != std::vector<std::int64_t>{-1, 4}) return false;
    const auto columns = columns_of(graph[node.inputs[0]].shape);
    if (!columns || *columns % 4 == 0) return false;
    // Boxes are decoded by exp(dw) and exp(dh).
    const std::vector<bool> before = queries.ancestors(node.inputs[0]);
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i] && graph.nodes[i].op == "Exp") return true;
    }
    return false;
}

Result<void> check_proposal_less_trace(const CheckContext& context, Findings& findings) {
    const auto is_baked = [&](const Node& node) { return is_proposal_less_reshape(context.queries, node); };
    const auto node = std::ranges::find_if(context.graph.nodes, is_baked);
    if (node == context.graph.nodes.end()) return {};
    const std::string columns = std::to_string(*columns_of(context.graph[node->inputs[0]].shape));
    Finding finding{
        .severity = Severity::error,
        .where = describe(*node),
        .what = "the model was traced on a picture without proposals, so the branch that cuts decoded "
                "boxes into [n, classes, 4] "
                "is missing: as soon as a picture has proposals, this node is given [n, " +
                columns + "] and stops with: cannot be reshaped to {-1,4}",
        .advice =
            "make the file from the checkpoint with 'detect export', which traces nothing; or export again, traced on "
            "a picture on "
            "which the model finds something, and keep pictures without proposals from it: there such an export stops"};
    if (context.trials.possible() && context.trials.has_image()) {
        const TrialRun& run = context.trials.image_run();
        const bool here = run.failure && &context.graph.nodes[run.failure->node] == &*node;
        finding.what += here ? ". On the picture: " + run.failure->message
                             : ". On the picture it does not stop there: that has no proposals either, or their number "
                               "happens to be "
                               "a multiple of 4, and then boxes and labels do not belong together";
    }
    findings.push_back(std::move(finding));
    return {};
}

} // namespace detect::checking
