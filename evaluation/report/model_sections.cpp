// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/charts.h"
#include "evaluation/report/html.h"
#include "evaluation/report/sections.h"

#include <algorithm>

namespace detect::evaluation::html {

namespace {

/// A confusion matrix of more classes needs the width of the page.
constexpr std::size_t most_classes_beside = 8;

std::optional<double> false_share(const Counts& counts) {
    const auto precision = counts.precision();
    return precision ? std::optional(1.0 - *precision) : std::nullopt;
}

/// The class of which most objects are missed.
std::string most_missed(const Evaluation& evaluation, const Dataset& dataset) {
    const auto missed = [](const CategoryResult& result) { return result.counts.missed; };
    const auto most = std::ranges::max_element(evaluation.categories, {}, missed);
    if (evaluation.categories.size() < 2 || missed(*most) == 0) return {};
    const auto category = static_cast<std::size_t>(most - evaluation.categories.begin());
    return "Most misses are of <b>" + escape(dataset.categories[category].name) + "</b>: " + count(missed(*most)) +
           " of " + count(most->objects) + ". ";
}

std::string advice(const Evaluation& evaluation) {
    if (!evaluation.best) return {};
    return "The best balance (F1 " + figure(evaluation.best->counts.f1()) + ") is at score <b>" +
           decimal(evaluation.best->score, 2) + "</b>: " + percent(evaluation.best->counts.recall()) + " found, " +
           percent(false_share(evaluation.best->counts)) + " false alarms.";
}

std::string verdict(const Evaluation& evaluation, const Dataset& dataset) {
    return "<section class=\"verdict\"><p class=\"lead\">From score " + decimal(evaluation.options.score, 2) +
           " on, it finds <b class=\"found\">" + percent(evaluation.counts.recall()) +
           "</b> of the objects. <b "
           "class=\"wrong\">" +
           percent(false_share(evaluation.counts)) + "</b> of what it reports is a false alarm.</p><p>" +
           most_missed(evaluation, dataset) + advice(evaluation) + "</p></section>";
}

/// "95 %: 0.560 to 0.607": where 95 % of the resamples are.
std::string interval(const Bootstrap& bootstrap, std::size_t model, Headline figure_of) {
    if (bootstrap.intervals.empty() || !bootstrap.intervals[model][figure_of]) return {};
    const Interval& range = *bootstrap.intervals[model][figure_of];
    return "<br>95 %: " + figure(range.low) + " to " + figure(range.high);
}

std::string tiles(const Summary& summary, std::size_t position) {
    const ModelSummary& model = summary.models[position];
    const Evaluation& evaluation = model.evaluation;
    const auto between = [&](Headline headline) { return interval(summary.bootstrap, position, headline); };
    std::string text = "<dl class=\"tiles\">" +
                       tile("AP", figure(evaluation.coco.ap), "IoU .50 to .95" + between(headline_ap)) +
                       tile("AP50", figure(evaluation.coco.ap50), "IoU .50" + between(headline_ap50)) +
                       tile("AP75", figure(evaluation.coco.ap75), "IoU .75") +
                       tile("mAP33", figure(evaluation.deeppcb.mean_ap), "IoU .33, DeepPCB") +
                       tile("F1", figure(evaluation.counts.f1()),
                            "at score " + decimal(evaluation.options.score, 2) + between(headline_f1));
    if (model.latency)
        text += tile("Latency", decimal(model.latency->p50, 0) + "<i>ms</i>",
                     "p90 " + decimal(model.latency->p90, 0) + ", p99 " + decimal(model.latency->p99, 0));
    return text + "</dl>";
}

std::string class_row(const std::string& name, std::size_t objects, const Counts& counts,
                      const CocoMetrics::Category& coco, const std::optional<double>& ap33,
                      const std::optional<BestScore>& best) {
    return "<tr><th scope=\"row\">" + name + "</th>" + cell("objects", count(objects)) +
           cell("precision", figure(counts.precision())) + cell("recall", figure(counts.recall())) +
           cell("F1", figure(counts.f1())) + cell("AP", figure(coco.ap)) + cell("AP50", figure(coco.ap50)) +
           cell("AP75", figure(coco.ap75)) + cell("AP33", figure(ap33)) +
           cell("best F1", best ? figure(best->counts.f1()) : figure({})) +
           cell("at score", best ? decimal(best->score, 2) : figure({})) + "</tr>";
}

std::string class_table(const Evaluation& evaluation, const Dataset& dataset) {
    std::string rows;
    for (std::size_t i = 0; i < dataset.categories.size(); ++i) {
        const CategoryResult& result = evaluation.categories[i];
        rows += class_row(escape(dataset.categories[i].name), result.objects, result.counts, result.coco,
                          result.ap_deeppcb, result.best);
    }
    const CocoMetrics& coco = evaluation.coco;
    std::string head;
    for (const char* name :
         {"class", "objects", "precision", "recall", "F1", "AP", "AP50", "AP75", "AP33", "best F1", "at score"})
        head += std::string("<th scope=\"col\"><button type=\"button\">") + name + "</button></th>";
    return "<table class=\"figures sortable\"><thead><tr>" + head + "</tr></thead><tbody>" + rows + "</tbody><tfoot>" +
           class_row("all", objects_to_find(evaluation), evaluation.counts, {coco.ap, coco.ap50, coco.ap75},
                     evaluation.deeppcb.mean_ap, evaluation.best) +
           "</tfoot></table>";
}

std::string curves(const Evaluation& evaluation, const Dataset& dataset, std::span<const std::size_t> classes) {
    std::string text = "<div class=\"multiples\">";
    for (const std::size_t category : classes) {
        const CategoryResult& result = evaluation.categories[category];
        if (result.objects == 0) continue;
        const std::string& name = dataset.categories[category].name;
        text += "<figure><figcaption><b>" + escape(name) + "</b><span>AP50 " + figure(result.coco.ap50) +
                "</span></figcaption>" + precision_recall_chart(result, name) + "</figure>";
    }
    return text + "</div><p class=\"keys\">" + key("line loose", "IoU .33") + key("line found", "IoU .50") +
           key("line strict", "IoU .75") + key("dot", "at score " + decimal(evaluation.options.score, 2)) + "</p>";
}

/// Both charts' introduction where they do not show all classes.
std::string of_many(std::span<const std::size_t> classes, const Dataset& dataset) {
    if (classes.size() == dataset.categories.size()) return {};
    return " Shown are the " + std::to_string(classes.size()) + " classes with the most errors of " +
           std::to_string(dataset.categories.size()) + ".";
}

std::string coco_figures(const CocoMetrics& metrics) {
    std::string text = "<dl class=\"twelve\">";
    for (const auto& [name, value] : named_figures(metrics))
        text += "<div><dt>" + std::string(name) + "</dt><dd>" + figure(value) + "</dd></div>";
    return section("COCO’s twelve", "As pycocotools computes them.", text + "</dl>");
}

/// Two sections, side by side where the page is wide enough for both.
std::string section_pair(const std::string& left, const std::string& right, bool beside) {
    return beside ? "<div class=\"pair\">" + left + right + "</div>" : left + right;
}

std::string charts(const ModelSummary& model, const Dataset& dataset) {
    const Evaluation& evaluation = model.evaluation;
    const std::vector<std::size_t> classes = drawn_classes(evaluation);
    const std::string more = of_many(classes, dataset);
    return section_pair(section("What became of the objects", more, outcome_chart(evaluation, dataset, classes)),
                        section("Which score to choose",
                                "A higher score reports less: fewer false alarms, more misses.",
                                score_chart(evaluation)),
                        true) +
           section("Every class in figures",
                   "Precision, recall and F1 at score " + decimal(evaluation.options.score, 2) + " and IoU " +
                       decimal(evaluation.options.iou, 2) + "; AP over all scores.",
                   class_table(evaluation, dataset)) +
           section("Precision against recall", "In per cent." + more, curves(evaluation, dataset, classes)) +
           section_pair(section("What is taken for what",
                                "Rows are what is there, columns what was reported. The last column counts misses, "
                                "the last row false alarms." +
                                    more,
                                confusion_chart(evaluation.confusion, dataset, classes)),
                        coco_figures(evaluation.coco), classes.size() <= most_classes_beside);
}

} // namespace

std::string model_sections(const Summary& summary, std::size_t position) {
    const ModelSummary& model = summary.models[position];
    return verdict(model.evaluation, summary.dataset) + tiles(summary, position) +
           picture_sections(model.evaluation, summary.dataset) + charts(model, summary.dataset);
}

} // namespace detect::evaluation::html
