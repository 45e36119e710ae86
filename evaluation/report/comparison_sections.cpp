// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "evaluation/report/html.h"
#include "evaluation/report/sections.h"

#include <algorithm>
#include <cmath>

namespace detect::evaluation::html {

namespace {

constexpr std::size_t shots_of_a_kind = 12;

std::string bold(const std::string& text) { return "<b>" + text + "</b>"; }

/// "a", "a and b", "a, b and c".
std::string in_a_sentence(const std::vector<std::string>& names) { return listed(names, {.before_last = " and "}); }

/// Who has the highest AP50, as far as it is shown.
std::string best_finders(const Summary& summary, const std::string& ap50) {
    std::vector<std::string> names;
    for (const ModelSummary& model : summary.models) {
        if (figure(model.evaluation.coco.ap50) == ap50) names.push_back(bold(display_name(model, summary)));
    }
    if (names.size() == summary.models.size()) return "All find equally well";
    return in_a_sentence(names) + (names.size() == 1 ? " finds best" : " find best");
}

/// The models with the highest AP50, and the one with the lowest latency, in a sentence.
std::string winners(const Summary& summary) {
    const auto best = std::ranges::max_element(
        summary.models, {}, [](const ModelSummary& model) { return model.evaluation.coco.ap50.value_or(-1.0); });
    const std::string ap50 = figure(best->evaluation.coco.ap50);
    const auto fastest = std::ranges::max_element(
        summary.models, {}, [](const ModelSummary& model) { return model.latency ? -model.latency->p50 : -1e9; });
    std::string text = "<section class=\"verdict\"><p class=\"lead\">" + best_finders(summary, ap50) +
                       ": AP50 <b class=\"found\">" + ap50 + "</b>.";
    if (!fastest->latency) return text + "</p></section>";
    text += " " + bold(display_name(*fastest, summary)) + " is the fastest: <b class=\"found\">" +
            decimal(fastest->latency->p50, 0) + "</b> ms a picture.";
    return text + "</p></section>";
}

std::string model_table(const Summary& summary) {
    std::string rows;
    for (const ModelSummary& model : summary.models) {
        const Evaluation& evaluation = model.evaluation;
        rows += "<tr><th scope=\"row\">" + display_name(model, summary) + "</th>" +
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

std::string difference(double value) {
    const bool none = std::abs(value) < 0.0005;
    const char* style = none ? "same" : value > 0.0 ? "found" : "wrong";
    const char* sign = none ? "±" : value > 0.0 ? "+" : "−";
    return "<small class=\"" + std::string(style) + "\">" + sign + decimal(std::abs(value), 3) + "</small>";
}

/// AP50 of every class and model; from the second model on with the difference to the first.
std::string class_table(const Summary& summary) {
    std::string head = "<th scope=\"col\">class</th>";
    for (const ModelSummary& model : summary.models)
        head += "<th scope=\"col\">" + display_name(model, summary) + "</th>";
    std::string rows;
    for (std::size_t category = 0; category < summary.dataset.categories.size(); ++category) {
        const auto ap50 = [&](const ModelSummary& model) { return model.evaluation.categories[category].coco.ap50; };
        const auto first = ap50(summary.models.front());
        rows += "<tr><th scope=\"row\">" + escape(summary.dataset.categories[category].name) + "</th>";
        for (const ModelSummary& model : summary.models) {
            std::string value = figure(ap50(model));
            if (&model != &summary.models.front() && first) value += " " + difference(*ap50(model) - *first);
            rows += cell(display_name(model, summary), value);
        }
        rows += "</tr>";
    }
    return "<table class=\"figures few\"><thead><tr>" + head + "</tr></thead><tbody>" + rows + "</tbody></table>";
}

std::string galleries(const Summary& summary, const PictureReader& reader) {
    const Gallery gallery(summary.dataset, reader);
    std::string text;
    std::vector<std::string> without;
    for (const ModelSummary& model : summary.models) {
        const std::string name = display_name(model, summary);
        if (model.alone.hits.empty() && model.alone.false_alarms.empty()) {
            without.push_back(bold(name));
            continue;
        }
        text +=
            shot_section("Only " + name + " finds", "Nothing that no other finds.", "",
                         alone_shots(model, summary.dataset, shots_of_a_kind), model.alone.hits.size(), model, gallery);
        text += shot_section("False alarms of " + name + " only", "None that no other raises.", "",
                             alone_alarm_shots(model, summary.dataset, shots_of_a_kind),
                             model.alone.false_alarms.size(), model, gallery);
    }
    if (without.empty()) return text;
    return text + section("Nothing of their own",
                          "Each object and each false alarm of " + in_a_sentence(without) + " is another model’s too.",
                          "");
}

} // namespace

std::string comparison_sections(const Summary& summary, const PictureReader& reader) {
    const Options& options = summary.models.front().evaluation.options;
    return winners(summary) +
           section("Side by side",
                   "F1 and what only one finds at score " + decimal(options.score, 2) + " and IoU " +
                       decimal(options.iou, 2) + ".",
                   model_table(summary)) +
           section("AP50 of every class", "With the difference to the first model.", class_table(summary)) +
           (reader ? galleries(summary, reader) : "");
}

} // namespace detect::evaluation::html
