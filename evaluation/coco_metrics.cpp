// SPDX-License-Identifier: Apache-2.0
#include "evaluation/coco_metrics.h"

#include "evaluation/ranking.h"

namespace detect::evaluation {

namespace {

constexpr std::size_t at_50 = 0;
constexpr std::size_t at_75 = 5;

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
        for (std::size_t threshold = 0; threshold < coco_iou_count; ++threshold) {
            const Ranking ranking = rank(findings, category, coco_iou(threshold), range, coco_most_detections);
            ap.add(average_precision(ranking));
            ar.add(recall(ranking));
        }
    }
    return {ap.value(), ar.value()};
}

/// Everything about objects of all sizes.
void measure_all_sizes(const Findings& findings, CocoMetrics& metrics) {
    Mean ap;
    Mean ap50;
    Mean ap75;
    Mean ar1;
    Mean ar10;
    Mean ar100;
    for (std::size_t category = 0; category < findings.category_count(); ++category) {
        CocoMetrics::Category& of_category = metrics.categories.emplace_back();
        Mean category_ap;
        for (std::size_t threshold = 0; threshold < coco_iou_count; ++threshold) {
            const Ranking ranking = rank(findings, category, coco_iou(threshold), {}, coco_most_detections);
            const CocoMetrics::Figure precision = average_precision(ranking);
            if (threshold == at_50) of_category.ap50 = precision;
            if (threshold == at_75) of_category.ap75 = precision;
            category_ap.add(precision);
            ap.add(precision);
            ar1.add(recall(ranking, 1));
            ar10.add(recall(ranking, 10));
            ar100.add(recall(ranking));
        }
        of_category.ap = category_ap.value();
        ap50.add(of_category.ap50);
        ap75.add(of_category.ap75);
    }
    metrics.ap = ap.value();
    metrics.ap50 = ap50.value();
    metrics.ap75 = ap75.value();
    metrics.ar1 = ar1.value();
    metrics.ar10 = ar10.value();
    metrics.ar100 = ar100.value();
}

} // namespace

/// With the same rounding as numpy.linspace, which decides whether an overlap of just .6 counts.
double coco_iou(std::size_t index) {
    constexpr double first = 0.5;
    constexpr double last = 0.95;
    if (index + 1 == coco_iou_count) return last;
    return static_cast<double>(index) * ((last - first) / static_cast<double>(coco_iou_count - 1)) + first;
}

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
    measure_all_sizes(findings, metrics);
    const auto assign = [&](const AreaRange& range, CocoMetrics::Figure& ap, CocoMetrics::Figure& ar) {
        const Averages of_range = averages(findings, range);
        ap = of_range.ap;
        ar = of_range.ar;
    };
    assign({.low = 0.0, .high = small}, metrics.ap_small, metrics.ar_small);
    assign({.low = small, .high = medium}, metrics.ap_medium, metrics.ar_medium);
    assign({.low = medium}, metrics.ap_large, metrics.ar_large);
    return metrics;
}

} // namespace detect::evaluation
