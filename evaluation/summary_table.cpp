// SPDX-License-Identifier: Apache-2.0
#include "evaluation/summary.h"

#include "base/text.h"

#include <algorithm>
#include <cstdio>
#include <span>

namespace detect::evaluation {

namespace {

/// More classes than this make a confusion matrix that no terminal shows.
constexpr std::size_t most_classes_in_matrix = 12;

std::string format(const char* pattern, double value) {
    char text[64];
    std::snprintf(text, sizeof text, pattern, value);
    return text;
}

std::string figure(const std::optional<double>& value) { return value ? format("%.3f", *value) : "-"; }

/// Control characters in a name would break the table.
std::string on_one_line(const std::string& text) { return without_controls(text, ' '); }

/// Rows of cells; the first column is aligned left, the others right.
class Table {
public:
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    [[nodiscard]] std::string text() const {
        std::vector<std::size_t> widths;
        for (const auto& row : rows_) {
            widths.resize(std::max(widths.size(), row.size()));
            for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
        }
        std::string text;
        for (const auto& row : rows_) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                if (i == 0) {
                    line += padded(row[i], widths[i]);
                } else {
                    line += "  " + std::string(widths[i] - columns(row[i]), ' ') + row[i];
                }
            }
            text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        }
        return text;
    }

private:
    std::vector<std::vector<std::string>> rows_;
};

std::vector<std::string> cells(const std::string& name, std::size_t objects, const Counts& counts) {
    return {name, std::to_string(objects), figure(counts.precision()), figure(counts.recall()), figure(counts.f1())};
}

std::string coco_table(const CocoMetrics& metrics) {
    Table table;
    const auto figures = named_figures(metrics);
    for (const std::size_t first : {std::size_t{0}, std::size_t{6}}) {
        std::vector<std::string> names{"  "};
        std::vector<std::string> values{"  "};
        for (const auto& [name, value] : std::span(figures).subspan(first, 6)) {
            names.emplace_back(name);
            values.push_back(figure(value));
        }
        table.add(names);
        table.add(values);
    }
    return "COCO metrics\n" + table.text();
}

std::string class_table(const Evaluation& evaluation, const Dataset& dataset) {
    Table table;
    table.add({"class", "objects", "precision", "recall", "F1", "AP", "AP50", "AP75", "AP33", "best F1", "at score"});
    std::size_t objects = 0;
    const auto add = [&](std::vector<std::string> row, const CocoMetrics::Category& coco,
                         const std::optional<double>& ap33, const std::optional<BestScore>& best) {
        for (const auto& value : {coco.ap, coco.ap50, coco.ap75, ap33}) row.push_back(figure(value));
        row.push_back(best ? figure(best->counts.f1()) : "-");
        row.push_back(best ? figure(best->score) : "-");
        table.add(std::move(row));
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
    return "By class; precision, recall and F1 at score " + format("%.2f", evaluation.options.score) + " and IoU " +
           format("%.2f", evaluation.options.iou) + "\n" + table.text();
}

std::string deeppcb_line(const Evaluation& evaluation) {
    const DeepPcb& deeppcb = evaluation.deeppcb;
    std::string text = "DeepPCB protocol (IoU 0.33): mAP " + figure(deeppcb.mean_ap) + ", F-score " +
                       figure(deeppcb.counts.f1()) + " at score " + format("%.2f", evaluation.options.score);
    if (deeppcb.best)
        text += ", best " + figure(deeppcb.best->counts.f1()) + " at score " + figure(deeppcb.best->score);
    return text + "\n";
}

std::string confusion_table(const ConfusionMatrix& confusion, const Dataset& dataset) {
    if (dataset.categories.size() > most_classes_in_matrix) return "";
    std::vector<std::string> names;
    for (const Category& category : dataset.categories) names.push_back(on_one_line(category.name));
    names.emplace_back("background");
    Table table;
    std::vector<std::string> head{"is \\ reported as"};
    head.insert(head.end(), names.begin(), names.end());
    table.add(head);
    for (std::size_t truth = 0; truth < confusion.size(); ++truth) {
        std::vector<std::string> row{names[truth]};
        for (std::size_t reported = 0; reported < confusion.size(); ++reported) {
            const std::size_t count = confusion.at(truth, reported);
            row.push_back(count == 0 ? "." : std::to_string(count));
        }
        table.add(row);
    }
    return "\nConfusion matrix\n" + table.text();
}

std::string one_model(const ModelSummary& model, const Summary& summary) {
    std::string text = coco_table(model.evaluation.coco) + "\n" + class_table(model.evaluation, summary.dataset) +
                       "\n" + deeppcb_line(model.evaluation) +
                       confusion_table(model.evaluation.confusion, summary.dataset);
    if (model.latency) {
        text += "\nLatency per picture: p50 " + format("%.1f", model.latency->p50) + ", p90 " +
                format("%.1f", model.latency->p90) + ", p99 " + format("%.1f", model.latency->p99) + ", mean " +
                format("%.1f", model.latency->mean) + " ms\n";
    }
    return text;
}

std::string side_by_side(const Summary& summary) {
    Table table;
    table.add({"model", "AP", "AP50", "F1", "MB", "p50 ms", "p90 ms", "only it finds", "only its false alarms"});
    for (const ModelSummary& model : summary.models) {
        const Evaluation& evaluation = model.evaluation;
        table.add({on_one_line(model.name), figure(evaluation.coco.ap), figure(evaluation.coco.ap50),
                   figure(evaluation.counts.f1()),
                   model.file_bytes ? format("%.1f", static_cast<double>(*model.file_bytes) / 1e6) : "-",
                   model.latency ? format("%.1f", model.latency->p50) : "-",
                   model.latency ? format("%.1f", model.latency->p90) : "-", std::to_string(model.alone.hits.size()),
                   std::to_string(model.alone.false_alarms.size())});
    }
    return table.text();
}

std::string classes_side_by_side(const Summary& summary) {
    Table table;
    std::vector<std::string> head{"class"};
    for (const ModelSummary& model : summary.models) head.push_back(on_one_line(model.name));
    table.add(head);
    for (std::size_t i = 0; i < summary.dataset.categories.size(); ++i) {
        std::vector<std::string> row{on_one_line(summary.dataset.categories[i].name)};
        for (const ModelSummary& model : summary.models)
            row.push_back(figure(model.evaluation.categories[i].coco.ap50));
        table.add(row);
    }
    return "AP50 by class\n" + table.text();
}

} // namespace

std::string to_table(const Summary& summary) {
    std::string text = on_one_line(summary.annotations) + ": " + std::to_string(summary.dataset.images.size()) +
                       " pictures, " + std::to_string(summary.dataset.annotations.size()) + " objects\n\n";
    if (summary.models.size() == 1) return text + one_model(summary.models.front(), summary);
    return text + side_by_side(summary) + "\n" + classes_side_by_side(summary);
}

} // namespace detect::evaluation
