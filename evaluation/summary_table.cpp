// SPDX-License-Identifier: Apache-2.0
#include "evaluation/summary.h"

#include "base/text.h"
#include "base/text_table.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <span>

namespace detect::evaluation {

namespace {

/// More classes than this make a confusion matrix that no terminal shows.
constexpr std::size_t most_classes_in_matrix = 12;
constexpr std::size_t longest_model_name = 26;
/// More pictures than this are for the files.
constexpr std::size_t most_pictures = 10;

std::string format(const char* pattern, double value) {
    char text[64];
    std::snprintf(text, sizeof text, pattern, value);
    return text;
}

std::string figure(const std::optional<double>& value) { return value ? format("%.3f", *value) : "-"; }

/// Control characters in a name would break the table.
std::string on_one_line(const std::string& text) { return without_controls(text, ' '); }

std::string table(const TextTable& rows) { return rows.text(table_columns); }
std::string sentence(const std::string& words) { return wrapped(words, table_columns); }

std::vector<std::string> cells(const std::string& name, std::size_t objects, const Counts& counts) {
    return {name, std::to_string(objects), figure(counts.precision()), figure(counts.recall()), figure(counts.f1())};
}

std::string coco_table(const CocoMetrics& metrics) {
    TextTable rows;
    const auto figures = named_figures(metrics);
    for (const std::size_t first : {std::size_t{0}, std::size_t{6}}) {
        std::vector<std::string> names{"  "};
        std::vector<std::string> values{"  "};
        for (const auto& [name, value] : std::span(figures).subspan(first, 6)) {
            names.emplace_back(name);
            values.push_back(figure(value));
        }
        rows.add(names);
        rows.add(values);
    }
    return "COCO metrics\n" + table(rows);
}

std::string at_score(const Options& options) {
    return "at score " + format("%.2f", options.score) + " and IoU " + format("%.2f", options.iou);
}

std::string class_tables(const Evaluation& evaluation, const Dataset& dataset) {
    TextTable counts;
    TextTable precisions;
    counts.add({"class", "objects", "precision", "recall", "F1", "best F1", "at score"});
    precisions.add({"class", "AP", "AP50", "AP75", "AP33"});
    std::size_t objects = 0;
    const auto add = [&](std::vector<std::string> row, const CocoMetrics::Category& coco,
                         const std::optional<double>& ap33, const std::optional<BestScore>& best) {
        precisions.add({row[0], figure(coco.ap), figure(coco.ap50), figure(coco.ap75), figure(ap33)});
        row.push_back(best ? figure(best->counts.f1()) : "-");
        row.push_back(best ? figure(best->score) : "-");
        counts.add(std::move(row));
    };
    for (std::size_t i = 0; i < dataset.categories.size(); ++i) {
        const CategoryResult& result = evaluation.categories[i];
        objects += result.objects;
        add(cells(on_one_line(dataset.categories[i].name), result.objects, result.counts), result.coco,
            result.ap_deeppcb, result.best);
    }
    const CocoMetrics& coco = evaluation.coco;
    add(cells("all", objects, evaluation.counts), {coco.ap, coco.ap50, coco.ap75}, evaluation.deeppcb.mean_ap,
        evaluation.best);
    return "By class; precision, recall and F1 " + at_score(evaluation.options) + "\n" + table(counts) +
           "\nAP by class\n" + table(precisions);
}

std::string deeppcb_lines(const Evaluation& evaluation) {
    const DeepPcb& deeppcb = evaluation.deeppcb;
    std::string text = "DeepPCB protocol (IoU 0.33): mAP " + figure(deeppcb.mean_ap) + ", F-score " +
                       figure(deeppcb.counts.f1()) + " at score " + format("%.2f", evaluation.options.score);
    if (deeppcb.best)
        text += ", best " + figure(deeppcb.best->counts.f1()) + " at score " + figure(deeppcb.best->score);
    return sentence(text);
}

std::string from_to(const Interval& interval) { return figure(interval.low) + " to " + figure(interval.high); }

std::string resampling(const Bootstrap& bootstrap) {
    if (!bootstrap.left_out.empty()) return sentence("No 95 % intervals: " + bootstrap.left_out + ".");
    return sentence("Intervals are from " + std::to_string(bootstrap.resamples) + " resamples of the " +
                    counted(bootstrap.pictures, "picture") +
                    (bootstrap.is_rough() ? "; with so few they are rough, and too narrow." : "."));
}

std::string interval_lines(const Bootstrap& bootstrap) {
    std::string text;
    for (std::size_t i = 0; bootstrap.left_out.empty() && i < headline_count; ++i) {
        const auto& interval = bootstrap.intervals.front()[i];
        text += (i == 0 ? "95 % intervals: " : ", ") + std::string(headline_names[i]) + " " +
                (interval ? from_to(*interval) : "-");
    }
    return (text.empty() ? "" : sentence(text)) + resampling(bootstrap);
}

std::string rate_table(const Evaluation& evaluation) {
    const PictureRates& rates = evaluation.rates;
    TextTable rows;
    const auto add = [&](const char* what, std::size_t count, const std::optional<double>& share, const char* name) {
        rows.add({what, std::to_string(count), figure(share), name});
    };
    rows.add({"", "pictures", "share", ""});
    rows.add({"with objects", std::to_string(rates.with_objects), "", ""});
    add("  something missed", rates.with_a_miss, rates.escape_rate(), "escape rate");
    add("  nothing found", rates.with_nothing_found, rates.nothing_found_rate(), "");
    add("  nothing reported", rates.passed_as_good, rates.board_escape_rate(), "board escape rate");
    rows.add({"without objects", std::to_string(rates.without_objects), "", ""});
    add("  called defective", rates.called_defective, rates.overkill_rate(), "overkill rate");
    if (rates.with_crowds_only > 0) rows.add({"with crowds only", std::to_string(rates.with_crowds_only), "", ""});
    return "Pictures " + at_score(evaluation.options) + "\n" + table(rows) +
           "False alarms per picture: " + figure(rates.false_alarms_per_picture()) + "\n";
}

std::string worst_table(const Evaluation& evaluation, const Dataset& dataset) {
    const auto errors =
        static_cast<std::size_t>(std::ranges::count_if(evaluation.pictures, &PictureOutcome::has_errors));
    if (errors == 0) return "No picture has a miss or a false alarm.\n";
    TextTable rows(Keep::end);
    rows.add({"picture", "objects", "missed", "false alarms", "wrong class"});
    for (const PictureOutcome& picture : std::span(evaluation.pictures).first(std::min(errors, most_pictures))) {
        rows.add({on_one_line(dataset.images[picture.image].file_name), std::to_string(picture.objects),
                  std::to_string(picture.missed), std::to_string(picture.false_alarms),
                  std::to_string(picture.wrong_class)});
    }
    std::string text = "The worst pictures: most misses first, then most false alarms\n" + table(rows);
    if (errors > most_pictures)
        text += sentence(counted(errors - most_pictures, "more picture") + " with errors: CSV and JSON list them all.");
    return text;
}

std::string confusion_table(const ConfusionMatrix& confusion, const Dataset& dataset) {
    if (dataset.categories.size() > most_classes_in_matrix)
        return "\nThe confusion matrix of so many classes is in the report and in the JSON.\n";
    std::vector<std::string> names;
    for (const Category& category : dataset.categories) names.push_back(on_one_line(category.name));
    names.emplace_back("background");
    TextTable rows;
    std::vector<std::string> head{"is \\ reported as"};
    head.insert(head.end(), names.begin(), names.end());
    rows.add(head);
    for (std::size_t truth = 0; truth < confusion.size(); ++truth) {
        std::vector<std::string> row{names[truth]};
        for (std::size_t reported = 0; reported < confusion.size(); ++reported) {
            const std::size_t count = confusion.at(truth, reported);
            row.push_back(count == 0 ? "." : std::to_string(count));
        }
        rows.add(row);
    }
    return "\nConfusion matrix\n" + table(rows);
}

std::string tiling(const TilingOptions& tiling) {
    return ", tiles of " + std::to_string(tiling.tile) + " with overlap " + format("%g", tiling.overlap) +
           " joined by " + std::string(merge_name(tiling.merge));
}

std::string condition_lines(const Summary& summary) {
    const Conditions& conditions = summary.conditions;
    if (conditions.version.empty()) return {};
    std::string text = "detect " + conditions.version + ", " + conditions.date;
    if (const auto& run = conditions.run) {
        text += ", " + run->instruction_set + ", " + counted(static_cast<std::size_t>(run->threads), "thread");
        if (run->tiling) text += tiling(*run->tiling);
    }
    for (const PixelRect& region : conditions.regions) text += ", region " + to_text(region);
    std::string lines = "\n" + sentence(text);
    if (!conditions.regions.empty()) {
        lines += sentence(
            "Outside of the regions, and left out: " + counted(summary.region_cut.objects_outside, "object") +
            ". Across their border, and judged by the centre: " + std::to_string(summary.region_cut.objects_across) +
            ".");
    }
    for (std::size_t i = 0; i < summary.models.size(); ++i) {
        const ModelSummary& model = summary.models[i];
        if (summary.models.size() > 1)
            lines += sentence("model " + std::to_string(i + 1) + ": " + on_one_line(model.name));
        if (!model.sha256.empty()) lines += sentence("SHA-256 " + model.sha256);
    }
    return lines;
}

std::string one_model(const ModelSummary& model, const Summary& summary) {
    const Evaluation& evaluation = model.evaluation;
    std::string text = coco_table(evaluation.coco) + interval_lines(summary.bootstrap) + "\n" +
                       class_tables(evaluation, summary.dataset) + "\n" + deeppcb_lines(evaluation) + "\n" +
                       rate_table(evaluation) + "\n" + worst_table(evaluation, summary.dataset) +
                       confusion_table(evaluation.confusion, summary.dataset);
    if (model.latency) {
        text += "\n" + sentence("Latency per picture: p50 " + format("%.1f", model.latency->p50) + ", p90 " +
                                format("%.1f", model.latency->p90) + ", p99 " + format("%.1f", model.latency->p99) +
                                ", mean " + format("%.1f", model.latency->mean) + " ms");
    }
    return text;
}

/// Names of files may be the same, or cut to the same: numbers tell models apart.
std::string numbered(std::size_t position, const Summary& summary) {
    const std::string name = std::filesystem::path(summary.models[position].name).filename().string();
    return std::to_string(position + 1) + " " + cut_to(on_one_line(name), longest_model_name, Keep::end);
}

std::string side_by_side(const Summary& summary) {
    TextTable figures;
    TextTable costs;
    TextTable pictures;
    figures.add({"model", "AP", "from", "to", "AP50", "F1", "from", "to"});
    costs.add({"model", "MB", "p50 ms", "p90 ms", "finds alone", "alarms alone"});
    pictures.add({"model", "escape rate", "overkill rate", "alarms a picture"});
    for (std::size_t i = 0; i < summary.models.size(); ++i) {
        const ModelSummary& model = summary.models[i];
        const Evaluation& evaluation = model.evaluation;
        const std::string name = numbered(i, summary);
        const auto bound = [&](Headline headline, double Interval::*end) {
            const auto& intervals = summary.bootstrap.intervals;
            return intervals.empty() || !intervals[i][headline] ? "-" : figure((*intervals[i][headline]).*end);
        };
        figures.add({name, figure(evaluation.coco.ap), bound(headline_ap, &Interval::low),
                     bound(headline_ap, &Interval::high), figure(evaluation.coco.ap50), figure(evaluation.counts.f1()),
                     bound(headline_f1, &Interval::low), bound(headline_f1, &Interval::high)});
        costs.add({name, model.file_bytes ? format("%.1f", static_cast<double>(*model.file_bytes) / 1e6) : "-",
                   model.latency ? format("%.1f", model.latency->p50) : "-",
                   model.latency ? format("%.1f", model.latency->p90) : "-", std::to_string(model.alone.hits.size()),
                   std::to_string(model.alone.false_alarms.size())});
        pictures.add({name, figure(evaluation.rates.escape_rate()), figure(evaluation.rates.overkill_rate()),
                      figure(evaluation.rates.false_alarms_per_picture())});
    }
    const Options& options = summary.models.front().evaluation.options;
    return "AP and F1 with their 95 % intervals; F1 " + at_score(options) + "\n" + table(figures) +
           resampling(summary.bootstrap) + "\nCost, and what no other does\n" + table(costs) + "\nPictures " +
           at_score(options) + "\n" + table(pictures);
}

/// Of each model to the first one; who is best is said only where it is best beyond chance.
std::string difference_lines(const Summary& summary) {
    const Bootstrap& bootstrap = summary.bootstrap;
    if (!bootstrap.left_out.empty()) return sentence("No model is called better: there are no intervals.");
    std::string text = "Differences to model 1 on the same pictures, with 95 % intervals\n";
    for (const ModelDifference& pair : bootstrap.differences) {
        if (pair.other != 0) continue;
        for (std::size_t i = 0; i < headline_count; ++i) {
            const auto& difference = pair.figures[i];
            if (!difference) continue;
            const char* verdict = bootstrap.is_rough()         ? "too few pictures to tell"
                                  : !difference->beyond_chance ? "no difference beyond chance"
                                  : difference->value > 0.0    ? "better"
                                                               : "worse";
            text += sentence("model " + std::to_string(pair.model + 1) + ": " + std::string(headline_names[i]) + " " +
                             signed_figure(difference->value) + " (" + signed_figure(difference->interval.low) +
                             " to " + signed_figure(difference->interval.high) + "): " + verdict);
        }
    }
    for (const Headline figure : {headline_ap, headline_f1}) {
        const auto winner = bootstrap.winner(figure);
        const std::string name(headline_names[figure]);
        text += sentence(winner ? "Best " + name + ": model " + std::to_string(*winner + 1) + ", beyond chance."
                                : "Best " + name + ": none beyond chance.");
    }
    return text;
}

std::string classes_side_by_side(const Summary& summary) {
    TextTable rows;
    std::vector<std::string> head{"class"};
    for (std::size_t i = 0; i < summary.models.size(); ++i) head.push_back("model " + std::to_string(i + 1));
    rows.add(head);
    for (std::size_t i = 0; i < summary.dataset.categories.size(); ++i) {
        std::vector<std::string> row{on_one_line(summary.dataset.categories[i].name)};
        for (const ModelSummary& model : summary.models)
            row.push_back(figure(model.evaluation.categories[i].coco.ap50));
        rows.add(row);
    }
    return "AP50 by class\n" + table(rows);
}

} // namespace

std::string to_table(const Summary& summary) {
    const std::string scope = ": " + counted(summary.dataset.images.size(), "picture") + ", " +
                              counted(summary.dataset.annotations.size(), "object") + "\n\n";
    std::string text = cut_to(on_one_line(summary.annotations), 40, Keep::end) + scope;
    if (summary.models.size() == 1) return text + one_model(summary.models.front(), summary) + condition_lines(summary);
    return text + side_by_side(summary) + "\n" + difference_lines(summary) + "\n" + classes_side_by_side(summary) +
           condition_lines(summary);
}

} // namespace detect::evaluation
