// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "check/picture_variants.h"
#include "graph/operators.h"

#include <array>

namespace detect::checking {

bool depends_on_findings(const GraphQueries& queries, const Node& node) {
    for (const ValueId output : node.outputs) {
        if (!output.present()) continue;
        const std::vector<bool> before = queries.ancestors(output);
        for (std::size_t i = 0; i < before.size(); ++i) {
            const std::string& op = queries.graph().nodes[i].op;
            if (before[i] && (op == "NonZero" || op == "NonMaxSuppression" || op == "If")) return true;
        }
    }
    return false;
}

/// Empty pictures leave no proposals or no detections; whatever cannot take zero rows stops there.
Result<void> check_empty_results(const CheckContext& context, Findings& findings) {
    const Trials& trials = context.trials;
    if (!trials.possible()) return {};
    struct Blank {
        const char* name;
        float value;
    };
    for (const Blank blank : {Blank{"grey", 0.5F}, Blank{"black", 0.0F}, Blank{"white", 1.0F}}) {
        DETECT_TRY_ASSIGN(const Tensor picture, flat(trials.image().dims()[1], trials.image().dims()[2], blank.value));
        DETECT_TRY_ASSIGN(const TrialRun run, trials.run({picture}));
        if (!run.failure || !run.failure->reads_nothing || run.failure->node >= context.graph.nodes.size()) continue;
        findings.push_back(
            {.severity = Severity::error,
             .where = describe(context.graph.nodes[run.failure->node]),
             .what = std::string("stops on a picture in which there is nothing to find (shown on a blank ") +
                     blank.name + " one): " + run.failure->message,
             .advice =
                 "make the file from the checkpoint with 'detect export', where no proposals and no detections are "
                 "ordinary results; or catch the failure and take it for an empty result"});
        return {};
    }
    return {};
}

} // namespace detect::checking
