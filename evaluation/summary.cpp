// SPDX-License-Identifier: Apache-2.0
#include "evaluation/summary.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <set>

namespace detect::evaluation {

namespace {

std::size_t pictures_beyond_coco(const Findings& findings) {
    std::set<std::size_t> images;
    for (std::size_t category = 0; category < findings.category_count(); ++category) {
        for (const Case& one : findings.cases(category)) {
            if (one.objects.size() > coco_most_detections) images.insert(one.image);
        }
    }
    return images.size();
}

} // namespace

std::string signed_figure(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", std::abs(value));
    const std::string digits(text.data());
    return (digits == "0.000" ? "" : value < 0.0 ? "−" : "+") + digits;
}

Result<void> evaluate_models(Summary& summary, const Options& options) {
    std::vector<Findings> findings;
    std::vector<Errors> errors;
    std::vector<ResampledFigures> resampled;
    std::vector<HeadlineFigures> headlines;
    for (ModelSummary& model : summary.models) {
        findings.emplace_back(summary.dataset, model.detections);
        if (const auto checked = findings.back().check(); !checked)
            return Error{checked.error().code, summary.annotations + ": " + checked.error().message};
        model.evaluation = evaluate(findings.back(), options);
        errors.push_back(model.evaluation.errors);
        resampled.emplace_back(findings.back(), model.evaluation.pictures);
        headlines.push_back(model.evaluation.headline());
    }
    summary.pictures_beyond_coco = findings.empty() ? 0 : pictures_beyond_coco(findings.front());
    summary.bootstrap = bootstrap(resampled, headlines, summary.dataset.images.size(), options.resamples);
    if (summary.models.size() < 2) return {};
    std::vector<Alone> alone = compare(findings, errors, options.iou);
    for (std::size_t i = 0; i < alone.size(); ++i) summary.models[i].alone = std::move(alone[i]);
    return {};
}

} // namespace detect::evaluation
