#include "evaluation/report/charts.h"

#include "evaluation/report/html.h"

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

/// A chart whose two axes run from 0 to 1.
class UnitChart {
public:
    UnitChart(double width, double height, double left, double right, double bottom, const std::string& label)
        : left_(left), top_(12.0), inner_width_(width - left - right), inner_height_(height - top_ - bottom) {
        svg_ = "<svg class=\"chart\" viewBox=\"0 0 " + number(width) + " " + number(height) +
               "\" role=\"img\" aria-label=\"" + escape(label) + "\">";
        for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
            svg_ += line(tick == 0.0 ? "axis" : "grid", at(0.0, tick), at(1.0, tick));
            const Point y = at(0.0, tick);
            svg_ += text("tick end", {y.x - 6.0, y.y + 4.0}, decimal(tick * 100.0, 0));
            const Point x = at(tick, 0.0);
            svg_ += text("tick middle", {x.x, x.y + 16.0}, decimal(tick, tick == 0.0 || tick == 1.0 ? 0 : 2));
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

/// Labels at the ends of curves, moved apart where they would overlap.
void add_end_labels(UnitChart& chart, std::vector<std::pair<Point, std::pair<const char*, const char*>>> labels) {
    constexpr double least_distance = 14.0;
    std::ranges::sort(labels, {}, [](const auto& label) { return label.first.y; });
    double previous = -least_distance;
    for (auto& [point, style_and_text] : labels) {
        point.y = std::max(point.y, previous + least_distance);
        previous = point.y;
        chart.add(text(style_and_text.first, {point.x + 8.0, point.y + 4.0}, style_and_text.second));
    }
}

std::size_t errors_of(const ConfusionMatrix& confusion, std::size_t category) {
    std::size_t errors = 0;
    for (std::size_t other = 0; other < confusion.size(); ++other) {
        if (other != category) errors += confusion.at(category, other) + confusion.at(other, category);
    }
    return errors;
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
    for (std::size_t other = 0; other < confusion.size(); ++other) {
        outcome.objects += confusion.at(category, other);
        if (other != category) outcome.false_alarms += confusion.at(other, category);
    }
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
    UnitChart chart(420.0, 290.0, 34.0, 70.0, 42.0, "Precision, recall and F1 by score");
    const double chosen = std::clamp(evaluation.options.score, 0.0, 1.0);
    chart.add(line("chosen", chart.at(chosen, 0.0), chart.at(chosen, 1.0)));
    struct Curve {
        const char* style;
        const char* label_style;
        const char* label;
        std::optional<double> (Counts::*value)() const;
    };
    std::vector<std::pair<Point, std::pair<const char*, const char*>>> labels;
    for (const Curve& curve : {Curve{"curve found", "label found", "found", &Counts::recall},
                               Curve{"curve right", "label right", "right", &Counts::precision},
                               Curve{"curve ink", "label ink", "F1", &Counts::f1}}) {
        std::vector<Point> points;
        for (const SweepPoint& point : evaluation.sweep) {
            if (const auto value = (point.counts.*curve.value)()) points.push_back(chart.at(point.score, *value));
        }
        if (points.empty()) continue;
        chart.add(path(curve.style, points));
        labels.push_back({{chart.at(1.0, 0.0).x, points.back().y}, {curve.label_style, curve.label}});
    }
    add_end_labels(chart, std::move(labels));
    if (evaluation.best) {
        const double score = std::clamp(evaluation.best->score, 0.0, 1.0);
        const Point best = chart.at(score, evaluation.best->counts.f1().value_or(0.0));
        chart.add("<circle class=\"dot\" r=\"4.5\"" + attribute("cx", best.x) + attribute("cy", best.y) +
                  "><title>best F1 " + figure(evaluation.best->counts.f1()) + " at score " + figure(score) +
                  "</title></circle>");
    }
    return chart.finish("lowest score that is reported");
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
    return "<div class=\"outcomes\"><div class=\"outcome head\"><span></span><span class=\"key\"><b "
           "class=\"is-found\"></b>found<b class=\"is-mistaken\"></b>other class<b "
           "class=\"is-missed\"></b>missed</span><span class=\"share\">found</span><span class=\"alarms\">false "
           "alarms</span></div>" +
           rows + "</div>";
}

std::string precision_recall_chart(const CategoryResult& result, const std::string& name) {
    constexpr std::array<const char*, 3> styles{"curve loose", "curve found", "curve strict"};
    UnitChart chart(300.0, 230.0, 34.0, 14.0, 40.0, "Precision against recall of " + name);
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
    constexpr double cell = 44.0;
    constexpr double letter = 6.6;
    std::vector<std::string> names;
    for (const Category& category : dataset.categories) names.push_back(escape(category.name));
    names.emplace_back("background");
    std::vector<std::size_t> shown(classes.begin(), classes.end());
    shown.push_back(confusion.background());
    std::size_t longest = 0;
    for (const std::size_t i : shown) longest = std::max(longest, std::min<std::size_t>(names[i].size(), 24));
    const double gutter = 12.0 + letter * static_cast<double>(longest);
    const double head = 14.0 + 0.75 * letter * static_cast<double>(longest);
    const double side = cell * static_cast<double>(shown.size());
    // Slanted names reach to the right of their column.
    const double width = gutter + side + head * 0.6;

    std::string svg =
        "<svg class=\"confusion\" viewBox=\"0 0 " + number(width) + " " + number(head + side + 4.0) +
        "\" style=\"max-width:" + decimal(std::min(1.25 * width, 1040.0), 0) +
        "px;min-width:" + decimal(std::min(0.72 * width, width), 0) +
        "px\" role=\"img\" aria-label=\"Confusion matrix: rows are what is there, columns what was reported\">";
    for (std::size_t row = 0; row < shown.size(); ++row) {
        const double y = head + cell * static_cast<double>(row);
        const double x = gutter + cell * static_cast<double>(row);
        svg += text("tick end", {gutter - 8.0, y + cell / 2 + 4.0}, names[shown[row]]);
        svg += "<text class=\"tick\" transform=\"translate(" + number(x + cell / 2 - 2.0) + " " + number(head - 7.0) +
               ") rotate(-45)\">" + names[shown[row]] + "</text>";
        std::size_t total = 0;
        for (std::size_t i = 0; i < confusion.size(); ++i) total += confusion.at(shown[row], i);
        for (std::size_t column = 0; column < shown.size(); ++column) {
            const std::size_t value = confusion.at(shown[row], shown[column]);
            const double left = gutter + cell * static_cast<double>(column);
            const bool right = shown[row] == shown[column];
            const double share = total == 0 ? 0.0 : static_cast<double>(value) / static_cast<double>(total);
            const double shade = value == 0 ? 0.0 : 0.12 + 0.88 * std::sqrt(share);
            svg += "<g><rect class=\"cell\"" + attribute("x", left) + attribute("y", y) +
                   attribute("width", cell - 2.0) + attribute("height", cell - 2.0) + " rx=\"4\"/>";
            if (value > 0) {
                svg += std::string("<rect class=\"") + (right ? "good" : "bad") + "\"" + attribute("x", left) +
                       attribute("y", y) + attribute("width", cell - 2.0) + attribute("height", cell - 2.0) +
                       " rx=\"4\" fill-opacity=\"" + decimal(shade, 2) + "\"/>";
                svg += text(shade > 0.6 ? "value strong" : "value", {left + cell / 2 - 1.0, y + cell / 2 + 4.0},
                            count(value));
                svg += "<title>" + cell_title(confusion, shown[row], shown[column], names) + "</title>";
            }
            svg += "</g>";
        }
    }
    return "<div class=\"wide\">" + svg + "</svg></div>";
}

} // namespace detect::evaluation::html
