#include "export/check/context.h"
#include "graph/operators.h"

#include <algorithm>

namespace detect::checking {

namespace {

/// torchvision's box decoding: `if box_sum > 0: pred_boxes = pred_boxes.reshape(box_sum, -1, 4)`. Traced without
/// proposals, the reshape is gone: [n, 4·classes] goes on, its first *number* is taken for the background class, and
/// what is left cannot be cut into fours.
struct BakedBranch {
    const Node* node = nullptr;
    std::int64_t columns = 0;
};

/// The columns of `[n, columns]` where n is not known before a run.
std::optional<std::int64_t> columns_of(const std::optional<Shape>& shape) {
    if (!shape || shape->size() != 2 || (*shape)[0].size || !(*shape)[1].size) return std::nullopt;
    return (*shape)[1].size;
}

std::optional<BakedBranch> find_baked_branch(const GraphQueries& queries) {
    const Graph& graph = queries.graph();
    for (const Node& node : graph.nodes) {
        if (node.op != "Reshape") continue;
        if (queries.integers(node.input(1)) != std::vector<std::int64_t>{-1, 4}) continue;
        const auto columns = columns_of(graph[node.inputs[0]].shape);
        if (!columns || *columns % 4 == 0) continue;
        // Boxes are decoded by exp(dw) and exp(dh).
        const std::vector<bool> before = queries.ancestors(node.inputs[0]);
        const auto is_exp = [&](const Node& other) {
            return other.op == "Exp" && before[static_cast<std::size_t>(&other - graph.nodes.data())];
        };
        if (std::ranges::any_of(graph.nodes, is_exp)) return BakedBranch{&node, *columns};
    }
    return std::nullopt;
}

} // namespace

Result<void> check_proposal_less_trace(const CheckContext& context, Findings& findings) {
    const auto baked = find_baked_branch(context.queries);
    if (!baked) return {};
    const std::string columns = std::to_string(baked->columns);
    Finding finding{.severity = Severity::error,
                    .where = describe(*baked->node),
                    .what = "the model was traced on a picture without proposals, so the branch that cuts decoded "
                            "boxes into [n, classes, 4] "
                            "is missing: as soon as a picture has proposals, this node is given [n, " +
                            columns + "] and stops with: cannot be reshaped to {-1,4}",
                    .advice = "export again, traced on a picture on which the model finds something; or make the file "
                              "from the checkpoint with "
                              "'detect export', which traces nothing"};
    if (context.trials.possible() && context.trials.has_image()) {
        const TrialRun& run = context.trials.image_run();
        const bool here = run.failure && &context.graph.nodes[run.failure->node] == baked->node;
        finding.what += here ? ". On the picture: " + run.failure->message
                             : ". The picture given has no proposals either, so it did not show there";
    }
    findings.push_back(std::move(finding));
    return {};
}

} // namespace detect::checking
