// SPDX-License-Identifier: Apache-2.0
#include "evaluation/ranking.h"

#include <algorithm>
#include <numeric>

namespace detect::evaluation {

namespace {

std::optional<double> ratio(double part, double whole) {
    if (whole == 0.0) return std::nullopt;
    return part / whole;
}

void sort_by_score(std::vector<RankedDetection>& detections) {
    std::ranges::stable_sort(detections, std::greater(), &RankedDetection::score);
}

} // namespace

Ranking rank(const Findings& findings, std::size_t category, double min_iou, const AreaRange& range,
             std::size_t limit) {
    Ranking ranking;
    for (const Case& one : findings.cases(category)) {
        const Matching matching = match(findings, one, min_iou, range, limit);
        ranking.objects += static_cast<std::size_t>(std::ranges::count(matching.object_ignored, false));
        for (std::size_t i = 0; i < matching.object_of.size(); ++i) {
            if (matching.ignored[i]) continue;
            ranking.detections.push_back({.score = findings.detections()[one.detections[i]].score,
                                          .correct = matching.object_of[i].has_value(),
                                          .detection = one.detections[i],
                                          .place = i});
        }
    }
    sort_by_score(ranking.detections);
    return ranking;
}

std::array<double, recall_points> precision_at_recalls(const Ranking& ranking) {
    const std::size_t count = ranking.detections.size();
    std::vector<double> precision(count);
    std::vector<double> recall(count);
    double correct = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        correct += ranking.detections[i].correct ? 1.0 : 0.0;
        recall[i] = correct / static_cast<double>(ranking.objects);
        precision[i] = correct / (static_cast<double>(i + 1) + std::numeric_limits<double>::epsilon());
    }
    // Fewer detections are no reason for a lower precision: the best one that follows counts.
    for (std::size_t i = count; i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
    std::array<double, recall_points> sampled{};
    for (std::size_t point = 0; point < recall_points; ++point) {
        const double wanted = point + 1 == recall_points ? 1.0 : static_cast<double>(point) * 0.01;
        const auto reached = std::ranges::lower_bound(recall, wanted);
        if (reached != recall.end()) sampled[point] = precision[static_cast<std::size_t>(reached - recall.begin())];
    }
    return sampled;
}

std::optional<double> average_precision(const Ranking& ranking) {
    if (ranking.objects == 0) return std::nullopt;
    const auto precision = precision_at_recalls(ranking);
    return std::accumulate(precision.begin(), precision.end(), 0.0) / static_cast<double>(recall_points);
}

std::optional<double> recall(const Ranking& ranking, std::size_t limit) {
    const auto correct = std::ranges::count_if(ranking.detections, [&](const RankedDetection& detection) {
        return detection.correct && detection.place < limit;
    });
    return ratio(static_cast<double>(correct), static_cast<double>(ranking.objects));
}

std::optional<double> Counts::precision() const {
    return ratio(static_cast<double>(correct), static_cast<double>(correct + false_alarms));
}

std::optional<double> Counts::recall() const {
    return ratio(static_cast<double>(correct), static_cast<double>(correct + missed));
}

std::optional<double> Counts::f1() const {
    return ratio(2.0 * static_cast<double>(correct), static_cast<double>(2 * correct + false_alarms + missed));
}

Counts& Counts::operator+=(const Counts& other) {
    correct += other.correct;
    false_alarms += other.false_alarms;
    missed += other.missed;
    return *this;
}

Counts counts_at(const Ranking& ranking, double score) {
    Counts counts;
    for (const RankedDetection& detection : ranking.detections) {
        if (detection.score < score) break;
        ++(detection.correct ? counts.correct : counts.false_alarms);
    }
    counts.missed = ranking.objects - counts.correct;
    return counts;
}

std::optional<BestScore> best_f1(const Ranking& ranking) {
    std::optional<BestScore> best;
    Counts counts{.correct = 0, .false_alarms = 0, .missed = ranking.objects};
    for (std::size_t i = 0; i < ranking.detections.size(); ++i) {
        const RankedDetection& detection = ranking.detections[i];
        if (detection.correct) --counts.missed;
        ++(detection.correct ? counts.correct : counts.false_alarms);
        // Detections of one score come and go together.
        const bool last = i + 1 == ranking.detections.size() || ranking.detections[i + 1].score != detection.score;
        if (last && counts.correct > 0 && (!best || counts.f1() > best->counts.f1()))
            best = BestScore{detection.score, counts};
    }
    return best;
}

Ranking merge(std::span<const Ranking> rankings) {
    Ranking merged;
    for (const Ranking& ranking : rankings) {
        merged.objects += ranking.objects;
        merged.detections.insert(merged.detections.end(), ranking.detections.begin(), ranking.detections.end());
    }
    sort_by_score(merged.detections);
    return merged;
}

} // namespace detect::evaluation
