// SPDX-License-Identifier: Apache-2.0
#include "evaluation/evaluation.h"

namespace detect::evaluation {

namespace {

constexpr int sweep_steps = 100;

CategoryResult evaluate_category(const Findings& findings, std::size_t category, const Options& options,
                                 const Ranking& ranking, const CocoMetrics& coco) {
    CategoryResult result{.objects = ranking.objects,
                          .coco = coco.categories[category],
                          .ap_deeppcb = average_precision(rank(findings, category, deeppcb_iou)),
                          .counts = counts_at(ranking, options.score),
                          .best = best_f1(ranking)};
    if (ranking.objects > 0) {
        for (std::size_t curve = 0; curve < curve_ious.size(); ++curve)
            result.curves[curve] = precision_at_recalls(rank(findings, category, curve_ious[curve]));
    }
    return result;
}

std::vector<Ranking> rank_all(const Findings& findings, double min_iou) {
    std::vector<Ranking> rankings;
    for (std::size_t category = 0; category < findings.category_count(); ++category)
        rankings.push_back(rank(findings, category, min_iou));
    return rankings;
}

DeepPcb evaluate_deeppcb(const Findings& findings, double score) {
    const std::vector<Ranking> rankings = rank_all(findings, deeppcb_iou);
    DeepPcb deeppcb;
    double sum = 0.0;
    std::size_t count = 0;
    for (const Ranking& ranking : rankings) {
        if (const auto ap = average_precision(ranking)) {
            sum += *ap;
            ++count;
        }
    }
    if (count > 0) deeppcb.mean_ap = sum / static_cast<double>(count);
    const Ranking all = merge(rankings);
    deeppcb.counts = counts_at(all, score);
    deeppcb.best = best_f1(all);
    return deeppcb;
}

} // namespace

Evaluation evaluate(const Findings& findings, const Options& options) {
    Evaluation evaluation{
        .options = options, .coco = coco_metrics(findings), .deeppcb = evaluate_deeppcb(findings, options.score)};
    const std::vector<Ranking> rankings = rank_all(findings, options.iou);
    for (std::size_t category = 0; category < rankings.size(); ++category) {
        evaluation.categories.push_back(
            evaluate_category(findings, category, options, rankings[category], evaluation.coco));
    }
    const Ranking all = merge(rankings);
    evaluation.counts = counts_at(all, options.score);
    evaluation.best = best_f1(all);
    for (int step = 0; step <= sweep_steps; ++step) {
        const double score = static_cast<double>(step) / sweep_steps;
        evaluation.sweep.push_back({score, counts_at(all, score)});
    }
    evaluation.errors = find_errors(findings, options.iou, options.score);
    evaluation.confusion = confusion_matrix(findings, evaluation.errors);
    evaluation.pictures = worst_pictures(findings, evaluation.errors, options.score);
    evaluation.rates = picture_rates(evaluation.pictures);
    return evaluation;
}

} // namespace detect::evaluation
