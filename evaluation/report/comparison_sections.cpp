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

/// Who finds best, if that is more than chance.
std::string best_finder(const Summary& summary) {
    const Bootstrap& bootstrap = summary.bootstrap;
    const auto winner = bootstrap.winner(headline_ap);
    if (winner) {
        const ModelSummary& best = summary.models[*winner];
        return bold(display_name(best, summary)) + " finds best, beyond chance: AP <b class=\"found\">" +
               figure(best.evaluation.coco.ap) + "</b>.";
    }
    if (!bootstrap.left_out.empty()) return "No model is called the best: there are no intervals.";
    if (bootstrap.is_rough()) return "No model is called the best: there are too few pictures to tell.";
    const auto& difference = bootstrap.differences.front().figures[headline_ap];
    if (summary.models.size() > 2 || !difference) return "No model finds better than all others beyond chance.";
    return "No difference in AP beyond chance (" + signed_figure(difference->interval.low) + " to " +
           signed_figure(difference->interval.high) + ").";
}

/// Who finds best, and who has the lowest latency, in a sentence each.
std::string winners(const Summary& summary) {
    const auto fastest = std::ranges::max_element(
        summary.models, {}, [](const ModelSummary& model) { return model.latency ? -model.latency->p50 : -1e9; });
    std::string text = "<section class=\"verdict\"><p class=\"lead\">" + best_finder(summary);
    if (!fastest->latency) return text + "</p></section>";
    text += " " + bold(display_name(*fastest, summary)) + " is the fastest: <b class=\"found\">" +
            decimal(fastest->latency->p50, 0) + "</b> ms a picture.";
    return text + "</p></section>";
}

/// Where 95 % of the resamples are, under the figure itself.
std::string interval(const Summary& summary, std::size_t position, Headline headline) {
    if (summary.bootstrap.intervals.empty()) return {};
    const auto& range = summary.bootstrap.intervals[position][headline];
    return range ? "<small class=\"range\">" + figure(range->low) + " to " + figure(range->high) + "</small>" : "";
}

/// Every pair: how much better the later model is, and whether that is more than chance.
std::string difference_table(const Summary& summary) {
    std::string rows;
    for (const ModelDifference& pair : summary.bootstrap.differences) {
        const std::string models = display_name(summary.models[pair.model], summary) + " against " +
                                   display_name(summary.models[pair.other], summary);
        rows += "<tr><th scope=\"row\">" + models + "</th>";
        for (std::size_t i = 0; i < headline_count; ++i) {
            const auto& difference = pair.figures[i];
            const char* const style = !difference || !difference->beyond_chance ? "same"
                                      : difference->value > 0.0                 ? "found"
                                                                                : "wrong";
            rows += cell(std::string(headline_names[i]),
                         !difference ? figure({})
                                     : "<b class=\"" + std::string(style) + "\">" + signed_figure(difference->value) +
                                           "</b><small class=\"range\">" + signed_figure(difference->interval.low) +
                                           " to " + signed_figure(difference->interval.high) + "</small>");
        }
        rows += "</tr>";
    }
    if (rows.empty()) return {};
    return section(
        "Differences",
        std::string("On the same pictures, with 95 % intervals. What is not coloured is ") +
            (summary.bootstrap.is_rough() ? "from too few pictures to tell." : "no difference beyond chance."),
        "<table class=\"figures few\"><thead><tr><th scope=\"col\">models</th><th scope=\"col\">AP</th>"
        "<th scope=\"col\">AP50</th><th scope=\"col\">F1</th></tr></thead><tbody>" +
            rows + "</tbody></table>");
}

std::string rate_table(const Summary& summary) {
    std::string rows;
    for (const ModelSummary& model : summary.models) {
        const PictureRates& rates = model.evaluation.rates;
        rows += "<tr><th scope=\"row\">" + display_name(model, summary) + "</th>" +
                cell("escape rate", figure(rates.escape_rate())) +
                cell("board escape rate", figure(rates.board_escape_rate())) +
                cell("overkill rate", figure(rates.overkill_rate())) +
                cell("false alarms a picture", figure(rates.false_alarms_per_picture())) + "</tr>";
    }
    std::string head;
    for (const char* name : {"model", "escape rate", "board escape rate", "overkill rate", "false alarms a picture"})
        head += std::string("<th scope=\"col\">") + name + "</th>";
    return "<table class=\"figures few\"><thead><tr>" + head + "</tr></thead><tbody>" + rows + "</tbody></table>";
}

std::string model_table(const Summary& summary) {
    std::string rows;
    for (std::size_t i = 0; i < summary.models.size(); ++i) {
        const ModelSummary& model = summary.models[i];
        const Evaluation& evaluation = model.evaluation;
        rows += "<tr><th scope=\"row\">" + display_name(model, summary) + "</th>" +
                cell("AP", figure(evaluation.coco.ap) + interval(summary, i, headline_ap)) +
                cell("AP50", figure(evaluation.coco.ap50)) +
                cell("F1", figure(evaluation.counts.f1()) + interval(summary, i, headline_f1)) +
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
           difference_table(summary) +
           section("Pictures", "What becomes of whole pictures at this score and IoU.", rate_table(summary)) +
           section("AP50 of every class", "With the difference to the first model.", class_table(summary)) +
           (reader ? galleries(summary, reader) : "");
}

} // namespace detect::evaluation::html
