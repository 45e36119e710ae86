#include "evaluation/report/report.h"

#include "evaluation/report/charts.h"
#include "evaluation/report/gallery.h"
#include "evaluation/report/html.h"
#include "evaluation/report/page_parts.h"

#include <algorithm>
#include <filesystem>

namespace detect::evaluation {

namespace {

using namespace html;

constexpr std::size_t shots_of_a_kind = 24;
constexpr std::size_t shots_of_a_comparison = 12;
/// A confusion matrix of more classes needs the width of the page.
constexpr std::size_t most_classes_beside = 8;

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::string section(const std::string& heading, const std::string& introduction, const std::string& body) {
    return "<section><h2>" + heading + "</h2>" +
           (introduction.empty() ? "" : "<p class=\"intro\">" + introduction + "</p>") + body + "</section>";
}

std::size_t objects_to_find(const Evaluation& evaluation) {
    return evaluation.counts.correct + evaluation.counts.missed;
}

std::string scope(const Summary& summary) {
    const std::size_t objects = objects_to_find(summary.models.front().evaluation);
    return counted(summary.dataset.images.size(), "picture", "pictures") + " · " +
           counted(objects, "object", "objects") + " · " +
           counted(summary.dataset.categories.size(), "class", "classes") + " · " +
           escape(file_name(summary.annotations));
}

std::string header(const std::string& title, const Summary& summary) {
    return "<header><p class=\"kicker\">Detection report</p><h1>" + title + "</h1><p class=\"scope\">" +
           scope(summary) + "</p></header>";
}

std::optional<double> false_share(const Counts& counts) {
    const auto precision = counts.precision();
    return precision ? std::optional(1.0 - *precision) : std::nullopt;
}

/// The class with the lowest recall.
std::string weakest_class(const Evaluation& evaluation, const Dataset& dataset) {
    std::optional<std::size_t> weakest;
    for (std::size_t i = 0; i < evaluation.categories.size(); ++i) {
        const auto found = evaluation.categories[i].counts.recall();
        if (found && (!weakest || *found < *evaluation.categories[*weakest].counts.recall())) weakest = i;
    }
    if (!weakest || evaluation.categories.size() < 2) return {};
    const Counts& counts = evaluation.categories[*weakest].counts;
    return "The hardest class is <b>" + escape(dataset.categories[*weakest].name) + "</b>: " + count(counts.missed) +
           " of " + count(counts.correct + counts.missed) + " missed. ";
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
           weakest_class(evaluation, dataset) + advice(evaluation) + "</p></section>";
}

std::string tile(const std::string& name, const std::string& value, const std::string& meaning) {
    return "<div class=\"tile\"><dt>" + name + "</dt><dd>" + value + "</dd><small>" + meaning + "</small></div>";
}

std::string tiles(const ModelSummary& model) {
    const Evaluation& evaluation = model.evaluation;
    std::string text = "<dl class=\"tiles\">" + tile("AP", figure(evaluation.coco.ap), "IoU .50 to .95") +
                       tile("AP50", figure(evaluation.coco.ap50), "IoU .50") +
                       tile("AP75", figure(evaluation.coco.ap75), "IoU .75") +
                       tile("mAP33", figure(evaluation.deeppcb.mean_ap), "IoU .33, DeepPCB") +
                       tile("F1", figure(evaluation.counts.f1()), "at score " + decimal(evaluation.options.score, 2));
    if (model.latency)
        text += tile("Latency", decimal(model.latency->p50, 0) + "<i>ms</i>",
                     "p90 " + decimal(model.latency->p90, 0) + ", p99 " + decimal(model.latency->p99, 0));
    return text + "</dl>";
}

std::string cell(const std::string& label, const std::string& value) {
    return "<td data-label=\"" + label + "\">" + value + "</td>";
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
    return text +
           "</div><p class=\"key\"><b class=\"line loose\"></b>IoU .33<b class=\"line found\"></b>IoU .50<b "
           "class=\"line strict\"></b>IoU .75<b class=\"dot\"></b>at score " +
           decimal(evaluation.options.score, 2) + "</p>";
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

std::string shot_section(const std::string& heading, const std::string& nothing, const std::vector<Shot>& shots,
                         std::size_t all, const ModelSummary& model, const Gallery& gallery) {
    if (shots.empty()) return section(heading, nothing, "");
    const std::string which = shots.size() == all ? "All " + count(all) + "."
                                                  : count(shots.size()) + " of " + count(all) + ", classes in turn.";
    return section(heading,
                   which + " <span class=\"key\"><b class=\"line truth\"></b>is there<b class=\"line "
                           "reported\"></b>was reported</span>",
                   gallery.show(shots, model));
}

std::string galleries(const ModelSummary& model, const Dataset& dataset, const PictureReader& reader) {
    if (!reader) return {};
    const Gallery gallery(dataset, reader);
    const Errors& errors = model.evaluation.errors;
    return shot_section("The worst misses", "Nothing was missed.", miss_shots(model, dataset, shots_of_a_kind),
                        errors.misses.size(), model, gallery) +
           shot_section("The worst false alarms", "There was no false alarm.",
                        false_alarm_shots(model, dataset, shots_of_a_kind), errors.false_alarms.size(), model, gallery);
}

std::string comparison_table(const Summary& summary) {
    std::string rows;
    for (const ModelSummary& model : summary.models) {
        const Evaluation& evaluation = model.evaluation;
        rows += "<tr><th scope=\"row\">" + escape(file_name(model.name)) + "</th>" +
                cell("AP", figure(evaluation.coco.ap)) + cell("AP50", figure(evaluation.coco.ap50)) +
                cell("F1", figure(evaluation.counts.f1())) +
                cell("size",
                     model.file_bytes ? decimal(static_cast<double>(*model.file_bytes) / 1e6, 1) + " MB" : figure({})) +
                cell("p50", model.latency ? decimal(model.latency->p50, 1) + " ms" : figure({})) +
                cell("p90", model.latency ? decimal(model.latency->p90, 1) + " ms" : figure({})) +
                cell("only it finds", count(model.alone.hits.size())) +
                cell("only its false alarms", count(model.alone.false_alarms.size())) + "</tr>";
    }
    std::string head;
    for (const char* name :
         {"model", "AP", "AP50", "F1", "size", "p50", "p90", "only it finds", "only its false alarms"})
        head += std::string("<th scope=\"col\">") + name + "</th>";
    return "<table class=\"figures\"><thead><tr>" + head + "</tr></thead><tbody>" + rows + "</tbody></table>";
}

std::string comparison(const Summary& summary, const PictureReader& reader) {
    const Options& options = summary.models.front().evaluation.options;
    std::string text = section("Side by side",
                               "F1 and what only one finds at score " + decimal(options.score, 2) + " and IoU " +
                                   decimal(options.iou, 2) + ".",
                               comparison_table(summary));
    if (!reader) return text;
    const Gallery gallery(summary.dataset, reader);
    for (const ModelSummary& model : summary.models) {
        const std::string name = escape(file_name(model.name));
        text += shot_section("Only " + name + " finds", "Nothing that no other finds.",
                             alone_shots(model, summary.dataset, shots_of_a_comparison), model.alone.hits.size(), model,
                             gallery);
    }
    return text;
}

std::string left_out(const Summary& summary) {
    if (summary.left_out.empty()) return {};
    std::string list = "<ul class=\"files\">";
    for (const LeftOut& picture : summary.left_out) list += "<li>" + escape(picture.reason) + "</li>";
    return section(counted(summary.left_out.size(), "picture", "pictures") + " left out",
                   "They could not be read, and no figure above includes them.", list + "</ul>");
}

std::string definitions(const Options& options) {
    return "<footer><p><b>Found</b>: a report of the right class whose box overlaps the object with an IoU of at "
           "least " +
           decimal(options.iou, 2) +
           ", one report per object, the highest scores first. <b>AP</b>: precision averaged over 101 recalls, and "
           "over "
           "ten IoU from .50 to .95 where none is given. <b>F1</b>: harmonic mean of precision and recall. Objects "
           "marked as crowds are left out.</p></footer>";
}

std::string one_model(const Summary& summary, const PictureReader& reader) {
    const ModelSummary& model = summary.models.front();
    return header(escape(file_name(model.name)), summary) + verdict(model.evaluation, summary.dataset) + tiles(model) +
           charts(model, summary.dataset) + galleries(model, summary.dataset, reader);
}

std::string several_models(const Summary& summary, const PictureReader& reader) {
    std::string text =
        header(std::to_string(summary.models.size()) + " models compared", summary) + comparison(summary, reader);
    for (const ModelSummary& model : summary.models) {
        text += "<details><summary>" + escape(file_name(model.name)) + " in detail</summary>" +
                verdict(model.evaluation, summary.dataset) + tiles(model) + charts(model, summary.dataset) +
                "</details>";
    }
    return text;
}

} // namespace

std::string to_html(const Summary& summary, const PictureReader& reader) {
    const bool single = summary.models.size() == 1;
    const std::string title = single ? escape(file_name(summary.models.front().name)) : "Models compared";
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
           title + " · detection report</title>\n<style>\n" + std::string(page_style) +
           "</style>\n</head>\n<body>\n<main>\n" +
           (single ? one_model(summary, reader) : several_models(summary, reader)) + left_out(summary) +
           definitions(summary.models.front().evaluation.options) + "\n</main>\n<script>\n" + std::string(page_script) +
           "</script>\n</body>\n</html>\n";
}

} // namespace detect::evaluation
