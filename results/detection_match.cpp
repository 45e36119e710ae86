// SPDX-License-Identifier: Apache-2.0
#include "results/detection_match.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace detect {

double intersection_over_union(const Box& a, const Box& b) {
    const auto area = [](double w, double h) { return std::max(w, 0.0) * std::max(h, 0.0); };
    const auto wide = [](float x) { return static_cast<double>(x); };
    const double intersection = area(std::min(wide(a.x2), wide(b.x2)) - std::max(wide(a.x1), wide(b.x1)),
                                     std::min(wide(a.y2), wide(b.y2)) - std::max(wide(a.y1), wide(b.y1)));
    const double all = area(wide(a.x2) - wide(a.x1), wide(a.y2) - wide(a.y1)) +
                       area(wide(b.x2) - wide(b.x1), wide(b.y2) - wide(b.y1)) - intersection;
    return all > 0.0 ? intersection / all : 0.0;
}

MatchReport match_detections(std::span<const Detection> a, std::span<const Detection> b,
                             const MatchTolerance& tolerance) {
    MatchReport report;
    std::vector<bool> taken(b.size(), false);
    const auto partner_of = [&](const Detection& detection) {
        std::optional<std::size_t> best;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const bool fits = !taken[j] && b[j].label == detection.label &&
                              std::abs(b[j].score - detection.score) <= tolerance.max_score_difference &&
                              intersection_over_union(detection.box, b[j].box) >= tolerance.min_iou;
            if (!fits) continue;
            const bool nearer =
                !best || std::abs(b[j].score - detection.score) < std::abs(b[*best].score - detection.score);
            if (nearer) best = j;
        }
        return best;
    };
    for (const Detection& detection : a) {
        const auto partner = partner_of(detection);
        if (!partner) {
            if (detection.score >= tolerance.min_score) ++report.unmatched;
            continue;
        }
        taken[*partner] = true;
        const Detection& other = b[*partner];
        if (std::max(detection.score, other.score) < tolerance.min_score) continue;
        ++report.matched;
        report.worst_iou = std::min(report.worst_iou, intersection_over_union(detection.box, other.box));
        report.worst_score_difference =
            std::max(report.worst_score_difference, static_cast<double>(std::abs(detection.score - other.score)));
    }
    for (std::size_t j = 0; j < b.size(); ++j) {
        if (!taken[j] && b[j].score >= tolerance.min_score) ++report.unmatched;
    }
    return report;
}

} // namespace detect
