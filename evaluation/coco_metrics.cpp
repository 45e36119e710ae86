#include "evaluation/coco_metrics.h"

#include "evaluation/ranking.h"

namespace detect::evaluation {

namespace {

constexpr std::size_t most_detections = 100;
constexpr std::size_t thresholds = 10;
constexpr std::size_t at_50 = 0;
constexpr std::size_t at_75 = 5;

/// .50, .55 … .95 with the same rounding as numpy.linspace, which decides whether an overlap of just .6 counts.
double iou_threshold(std::size_t index) {
    constexpr double first = 0.5;
    constexpr double last = 0.95;
    if (index + 1 == thresholds) return last;
    return static_cast<double>(index) * ((last - first) / static_cast<double>(thresholds - 1)) + first;
}

/// Mean over what there is.
class Mean {
public:
    void add(const CocoMetrics::Figure& value) {
        if (!value) return;
        sum_ += *value;
        ++count_;
    }
    [[nodiscard]] CocoMetrics::Figure value() const {
        if (count_ == 0) return std::nullopt;
        return sum_ / static_cast<double>(count_);
    }

private:
    double sum_ = 0.0;
    std::size_t count_ = 0;
};

struct Averages {
    CocoMetrics::Figure ap;
    CocoMetrics::Figure ar;
};

/// AP and AR over all categories and IoU thresholds, for objects of a range of sizes.
Averages averages(const Findings& findings, const AreaRange& range) {
    Mean ap;
    Mean ar;
    for (std::size_t category = 0; category < findings.category_count(); ++category) {
        for (std::size_t threshold = 0; threshold < thresholds; ++threshold) {
            const Ranking ranking = rank(findings, category, iou_threshold(threshold), range, most_detections);
            ap.add(average_precision(ranking));
            ar.add(recall(ranking));
        }
    }
    return {ap.value(), ar.value()};
}

CocoMetrics::Figure average_recall(const Findings& findings, std::size_t limit) {
    Mean ar;
    for (std::size_t category = 0; category < findings.category_count(); ++category) {
        for (std::size_t threshold = 0; threshold < thresholds; ++threshold)
            ar.add(recall(rank(findings, category, iou_threshold(threshold), {}, limit)));
    }
    return ar.value();
}

CocoMetrics::Category category_metrics(const Findings& findings, std::size_t category) {
    const auto ap_at = [&](std::size_t threshold) {
        return average_precision(rank(findings, category, iou_threshold(threshold), {}, most_detections));
    };
    Mean ap;
    for (std::size_t threshold = 0; threshold < thresholds; ++threshold) ap.add(ap_at(threshold));
    return {.ap = ap.value(), .ap50 = ap_at(at_50), .ap75 = ap_at(at_75)};
}

} // namespace

std::array<NamedFigure, 12> named_figures(const CocoMetrics& metrics) {
    return {{{"AP", metrics.ap},
             {"AP50", metrics.ap50},
             {"AP75", metrics.ap75},
             {"APs", metrics.ap_small},
             {"APm", metrics.ap_medium},
             {"APl", metrics.ap_large},
             {"AR1", metrics.ar1},
             {"AR10", metrics.ar10},
             {"AR100", metrics.ar100},
             {"ARs", metrics.ar_small},
             {"ARm", metrics.ar_medium},
             {"ARl", metrics.ar_large}}};
}

CocoMetrics coco_metrics(const Findings& findings) {
    constexpr double small = 32.0 * 32.0;
    constexpr double medium = 96.0 * 96.0;
    CocoMetrics metrics;
    Mean ap50;
    Mean ap75;
    for (std::size_t category = 0; category < findings.category_count(); ++category) {
        metrics.categories.push_back(category_metrics(findings, category));
        ap50.add(metrics.categories.back().ap50);
        ap75.add(metrics.categories.back().ap75);
    }
    metrics.ap50 = ap50.value();
    metrics.ap75 = ap75.value();
    const auto assign = [&](const AreaRange& range, CocoMetrics::Figure& ap, CocoMetrics::Figure& ar) {
        const Averages of_range = averages(findings, range);
        ap = of_range.ap;
        ar = of_range.ar;
    };
    assign({}, metrics.ap, metrics.ar100);
    assign({.low = 0.0, .high = small}, metrics.ap_small, metrics.ar_small);
    assign({.low = small, .high = medium}, metrics.ap_medium, metrics.ar_medium);
    assign({.low = medium}, metrics.ap_large, metrics.ar_large);
    metrics.ar1 = average_recall(findings, 1);
    metrics.ar10 = average_recall(findings, 10);
    return metrics;
}

} // namespace detect::evaluation
