// SPDX-License-Identifier: Apache-2.0
#include "evaluation/summary.h"

namespace detect::evaluation {

Result<void> evaluate_models(Summary& summary, const Options& options) {
    std::vector<Findings> findings;
    std::vector<Errors> errors;
    for (ModelSummary& model : summary.models) {
        findings.emplace_back(summary.dataset, model.detections);
        if (const auto checked = findings.back().check(); !checked)
            return Error{checked.error().code, summary.annotations + ": " + checked.error().message};
        model.evaluation = evaluate(findings.back(), options);
        errors.push_back(model.evaluation.errors);
    }
    if (summary.models.size() < 2) return {};
    std::vector<Alone> alone = compare(findings, errors, options.iou);
    for (std::size_t i = 0; i < alone.size(); ++i) summary.models[i].alone = std::move(alone[i]);
    return {};
}

} // namespace detect::evaluation
