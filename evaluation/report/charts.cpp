// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/charts.h"

#include "base/text.h"
#include "evaluation/report/html.h"
#include "evaluation/report/sections.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace detect::evaluation::html {

namespace {

struct Point {
    double x = 0.0;
    double y = 0.0;
};

std::string number(double value) { return decimal(value, 1); }

std::string attribute(const char* name, double value) { return std::string(" ") + name + "=\"" + number(value) + "\""; }

std::string line(const char* style, Point from, Point to) {
    return std::string("<line class=\"") + style + "\"" + attribute("x1", from.x) + attribute("y1", from.y) +
           attribute("x2", to.x) + attribute("y2", to.y) + "/>";
}

std::string text(const char* style, Point at, const std::string& what) {
    return std::string("<text class=\"") + style + "\"" + attribute("x", at.x) + attribute("y", at.y) + ">" + what +
           "</text>";
}

std::string path(const std::string& style, std::span<const Point> points) {
    std::string data;
    for (const Point& point : points) data += (data.empty() ? "M" : "L") + number(point.x) + " " + number(point.y);
    return "<path class=\"" + style + "\" d=\"" + data + "\"/>";
}

/// A chart whose two axes run from 0 to 1; the vertical one is in per cent.
class UnitChart {
public:
    enum class Across { share, percent };

    UnitChart(double width, double height, double left, double right, double bottom, Across across,
              const std::string& label)
        : left_(left), top_(12.0), inner_width_(width - left - right), inner_height_(height - top_ - bottom) {
        svg_ = "<svg class=\"chart\" viewBox=\"0 0 " + number(width) + " " + number(height) +
               "\" role=\"img\" aria-label=\"" + escape(label) + "\">";
        for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
            svg_ += line(tick == 0.0 ? "axis" : "grid", at(0.0, tick), at(1.0, tick));
            const Point y = at(0.0, tick);
            svg_ += text("tick end", {y.x - 6.0, y.y + 4.0}, decimal(tick * 100.0, 0));
            const Point x = at(tick, 0.0);
            svg_ += text("tick middle", {x.x, x.y + 16.0},
                         across == Across::percent ? decimal(tick * 100.0, 0)
                                                   : decimal(tick, tick == 0.0 || tick == 1.0 ? 0 : 2));
        }
    }

    [[nodiscard]] Point at(double x, double y) const {
        return {left_ + x * inner_width_, top_ + (1.0 - y) * inner_height_};
    }
    void add(const std::string& part) { svg_ += part; }
    [[nodiscard]] std::string finish(const std::string& x_name) {
        const Point end = at(0.5, 0.0);
        return svg_ + text("name middle", {end.x, end.y + 33.0}, x_name) + "</svg>";
    }

private:
    double left_;
    double top_;
    double inner_width_;
    double inner_height_;
    std::string svg_;
};

std::size_t errors_of(const ConfusionMatrix& confusion, std::size_t category) {
    return confusion.of_truth(category) + confusion.of_reported(category) - 2 * confusion.at(category, category);
}

struct Outcome {
    std::size_t objects = 0;
    std::size_t found = 0;
    std::size_t mistaken = 0;
    std::size_t missed = 0;
    std::size_t false_alarms = 0;
};

Outcome outcome_of(const ConfusionMatrix& confusion, std::size_t category) {
    Outcome outcome;
    outcome.found = confusion.at(category, category);
    outcome.missed = confusion.at(category, confusion.background());
    outcome.objects = confusion.of_truth(category);
    outcome.false_alarms = confusion.of_reported(category) - outcome.found;
    outcome.mistaken = outcome.objects - outcome.found - outcome.missed;
    return outcome;
}

std::string bar_part(const char* style, std::size_t part, double share, const char* meaning) {
    if (part == 0) return {};
    return std::string("<i class=\"") + style + "\" style=\"width:" + decimal(100.0 * share, 2) + "%\" title=\"" +
           count(part) + " " + meaning + "\"></i>";
}

std::string cell_title(const ConfusionMatrix& confusion, std::size_t truth, std::size_t reported,
                       std::span<const std::string> names) {
    const std::string n = count(confusion.at(truth, reported));
    if (truth == confusion.background()) return n + " false alarms: " + names[reported];
    if (reported == confusion.background()) return n + " missed: " + names[truth];
    if (truth == reported) return n + " found: " + names[truth];
    return n + " " + names[truth] + " reported as " + names[reported];
}

/// A name that fits beside a matrix.
std::string shortened(const std::string& name) {
    constexpr std::size_t longest = 20;
    const std::string_view start = first_letters(name, longest);
    return std::string(start) + (start.size() < name.size() ? "\u2026" : "");
}

constexpr double cell_size = 44.0;
constexpr double cell_gap = 2.0;

/// Where the cells and names of a confusion matrix are. The background stands a little apart.
class MatrixLayout {
public:
    MatrixLayout(std::span<const std::string> names, std::span<const std::size_t> shown) : size_(shown.size()) {
        constexpr double letter_width = 6.8;
        std::size_t longest = 0;
        for (const std::size_t i : shown) longest = std::max(longest, names[i].size());
        gutter_ = 12.0 + letter_width * static_cast<double>(longest);
        // Names of columns are slanted by 45 degrees.
        head_ = 14.0 + 0.72 * letter_width * static_cast<double>(longest);
    }

    [[nodiscard]] std::string open() const {
        const double side = offset(size_ - 1) + cell_size;
        const double width = gutter_ + side + 0.6 * head_;
        return "<svg class=\"confusion\" viewBox=\"0 0 " + number(width) + " " + number(head_ + side) +
               "\" style=\"max-width:" + decimal(1.2 * width, 0) + "px;min-width:" + decimal(0.76 * width, 0) +
               "px\" role=\"img\" aria-label=\"Confusion matrix: rows are what is there, columns what was "
               "reported\">";
    }
    [[nodiscard]] Point cell(std::size_t row, std::size_t column) const {
        return {gutter_ + offset(column), head_ + offset(row)};
    }
    /// Of row and column `i`.
    [[nodiscard]] std::string names_of(std::size_t i, const std::string& name) const {
        const Point at = cell(i, i);
        const std::string words = escape(name);
        return text("tick end", {gutter_ - 8.0, at.y + cell_size / 2.0 + 4.0}, words) +
               "<text class=\"tick\" transform=\"translate(" + number(at.x + cell_size / 2.0 - 2.0) + " " +
               number(head_ - 7.0) + ") rotate(-45)\">" + words + "</text>";
    }

private:
    [[nodiscard]] double offset(std::size_t i) const {
        constexpr double apart = 8.0;
        return cell_size * static_cast<double>(i) + (i + 1 == size_ ? apart : 0.0);
    }

    std::size_t size_;
    double gutter_ = 0.0;
    double head_ = 0.0;
};

std::string square(const std::string& style, Point at, const std::string& more = {}) {
    return "<rect class=\"" + style + "\"" + attribute("x", at.x) + attribute("y", at.y) +
           attribute("width", cell_size - cell_gap) + attribute("height", cell_size - cell_gap) + " rx=\"4\"" + more +
           "/>";
}

/// Shaded by its share of the row; small shares are to be seen too, hence the root.
std::string matrix_cell(const ConfusionMatrix& confusion, std::size_t truth, std::size_t reported, Point at,
                        std::span<const std::string> names) {
    const std::size_t value = confusion.at(truth, reported);
    if (value == 0) return square("cell", at);
    const double share = static_cast<double>(value) / static_cast<double>(confusion.of_truth(truth));
    const double shade = 0.12 + 0.88 * std::sqrt(share);
    const Point middle{at.x + (cell_size - cell_gap) / 2.0, at.y + cell_size / 2.0 + 3.5};
    return "<g>" + square("cell", at) +
           square(truth == reported ? "good" : "bad", at, " fill-opacity=\"" + decimal(shade, 2) + "\"") +
           text(shade > 0.6 ? "value strong" : "value", middle, count(value)) + "<title>" +
           escape(cell_title(confusion, truth, reported, names)) + "</title></g>";
}

} // namespace

std::vector<std::size_t> drawn_classes(const Evaluation& evaluation) {
    std::vector<std::size_t> classes(evaluation.categories.size());
    std::iota(classes.begin(), classes.end(), std::size_t{0});
    if (classes.size() <= most_drawn_classes) return classes;
    std::ranges::stable_sort(classes, std::greater(),
                             [&](std::size_t category) { return errors_of(evaluation.confusion, category); });
    classes.resize(most_drawn_classes);
    std::ranges::sort(classes);
    return classes;
}

std::string score_chart(const Evaluation& evaluation) {
    UnitChart chart(420.0, 270.0, 34.0, 12.0, 42.0, UnitChart::Across::share, "Precision, recall and F1 by score");
    const double chosen = std::clamp(evaluation.options.score, 0.0, 1.0);
    chart.add(line("chosen", chart.at(chosen, 0.0), chart.at(chosen, 1.0)));
    struct Curve {
        const char* style;
        std::optional<double> (Counts::*value)() const;
    };
    for (const Curve& curve : {Curve{"curve found", &Counts::recall}, Curve{"curve right", &Counts::precision},
                               Curve{"curve ink", &Counts::f1}}) {
        std::vector<Point> points;
        for (const SweepPoint& point : evaluation.sweep) {
            if (const auto value = (point.counts.*curve.value)()) points.push_back(chart.at(point.score, *value));
        }
        if (!points.empty()) chart.add(path(curve.style, points));
    }
    if (evaluation.best) {
        const double score = std::clamp(evaluation.best->score, 0.0, 1.0);
        const Point best = chart.at(score, evaluation.best->counts.f1().value_or(0.0));
        chart.add("<circle class=\"dot\" r=\"4.5\"" + attribute("cx", best.x) + attribute("cy", best.y) +
                  "><title>best F1 " + figure(evaluation.best->counts.f1()) + " at score " + figure(score) +
                  "</title></circle>");
    }
    return "<p class=\"keys\">" + key("line found", "recall") + key("line right", "precision") + key("line ink", "F1") +
           key("dot", "best F1") + key("line chosen", "chosen") + "</p>" +
           chart.finish("lowest score that is reported");
}

std::string outcome_chart(const Evaluation& evaluation, const Dataset& dataset, std::span<const std::size_t> classes) {
    std::string rows;
    for (const std::size_t category : classes) {
        const Outcome outcome = outcome_of(evaluation.confusion, category);
        const auto share = [&](std::size_t part) {
            return outcome.objects == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(outcome.objects);
        };
        const auto part = [&](const char* style, std::size_t value, const char* meaning) {
            return bar_part(style, value, share(value), meaning);
        };
        const auto found = outcome.objects == 0 ? std::nullopt : std::optional(share(outcome.found));
        rows += "<div class=\"outcome\"><span class=\"who\">" + escape(dataset.categories[category].name) +
                "</span><span class=\"bar\">" + part("is-found", outcome.found, "found") +
                part("is-mistaken", outcome.mistaken, "taken for another class") +
                part("is-missed", outcome.missed, "missed") + "</span><span class=\"share\">" + percent(found) +
                "</span><span class=\"alarms\">" +
                (outcome.false_alarms == 0 ? std::string() : "+" + count(outcome.false_alarms)) + "</span></div>";
    }
    return "<p class=\"keys\">" + key("is-found", "found") + key("is-mistaken", "other class") +
           key("is-missed", "missed") +
           "</p><div class=\"outcomes\"><div class=\"outcome head\"><span></span><span></span><span "
           "class=\"share\">found</span><span class=\"alarms\">false alarms</span></div>" +
           rows + "</div>";
}

std::string precision_recall_chart(const CategoryResult& result, const std::string& name) {
    constexpr std::array<const char*, 3> styles{"curve loose", "curve found", "curve strict"};
    UnitChart chart(300.0, 230.0, 34.0, 14.0, 40.0, UnitChart::Across::percent, "Precision against recall of " + name);
    for (std::size_t curve = 0; curve < curve_ious.size(); ++curve) {
        std::vector<Point> points;
        for (std::size_t i = 0; i < recall_points; ++i) {
            const double precision = result.curves[curve][i];
            // Where a recall is not reached, the curve drops to the axis once.
            points.push_back(chart.at(static_cast<double>(i) / static_cast<double>(recall_points - 1), precision));
            if (precision == 0.0) break;
        }
        chart.add(path(styles[curve], points));
    }
    const auto precision = result.counts.precision();
    const auto found = result.counts.recall();
    if (precision && found) {
        const Point point = chart.at(*found, *precision);
        chart.add("<circle class=\"dot\" r=\"4.5\"" + attribute("cx", point.x) + attribute("cy", point.y) +
                  "><title>at the chosen score: precision " + figure(precision) + ", recall " + figure(found) +
                  "</title></circle>");
    }
    return chart.finish("recall");
}

std::string confusion_chart(const ConfusionMatrix& confusion, const Dataset& dataset,
                            std::span<const std::size_t> classes) {
    std::vector<std::string> names;
    for (const Category& category : dataset.categories) names.push_back(shortened(category.name));
    names.emplace_back("background");
    std::vector<std::size_t> shown(classes.begin(), classes.end());
    shown.push_back(confusion.background());
    const MatrixLayout layout(names, shown);

    std::string svg = layout.open();
    for (std::size_t row = 0; row < shown.size(); ++row) {
        svg += layout.names_of(row, names[shown[row]]);
        for (std::size_t column = 0; column < shown.size(); ++column)
            svg += matrix_cell(confusion, shown[row], shown[column], layout.cell(row, column), names);
    }
    return "<div class=\"wide\">" + svg + "</svg></div>";
}

} // namespace detect::evaluation::html
