// SPDX-License-Identifier: Apache-2.0
#include "export/precision/agreement.h"

#include "results/detection_match.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace detect {

namespace {

constexpr double least_iou = 0.5;

/// The detection of the same label that overlaps most, among those that no other has taken; its position or -1.
std::ptrdiff_t best_partner(const Detection& wanted, std::span<const Detection> among, const std::vector<char>& taken) {
    std::ptrdiff_t best = -1;
    double best_iou = least_iou;
    for (std::size_t i = 0; i < among.size(); ++i) {
        if (taken[i] != 0 || among[i].label != wanted.label) continue;
        const double iou = intersection_over_union(wanted.box, among[i].box);
        if (iou < best_iou) continue;
        best = static_cast<std::ptrdiff_t>(i);
        best_iou = iou;
    }
    return best;
}

} // namespace

void Agreement::add(std::span<const Detection> of_original, std::span<const Detection> of_other) {
    std::vector<char> taken(of_other.size(), 0);
    // Best scores first, as both lists are sorted.
    for (const Detection& wanted : of_original) {
        const std::ptrdiff_t partner = best_partner(wanted, of_other, taken);
        if (partner >= 0) taken[static_cast<std::size_t>(partner)] = 1;
        if (wanted.score < least_score) continue;
        ++original;
        if (partner < 0) {
            lost_scores += static_cast<double>(wanted.score);
            continue;
        }
        const Detection& other = of_other[static_cast<std::size_t>(partner)];
        ++found;
        score_differences += std::abs(static_cast<double>(wanted.score) - static_cast<double>(other.score));
        ious += intersection_over_union(wanted.box, other.box);
    }
    for (std::size_t i = 0; i < of_other.size(); ++i) {
        if (taken[i] != 0 || of_other[i].score < least_score) continue;
        ++extra;
        lost_scores += static_cast<double>(of_other[i].score);
    }
}

double Agreement::mean_score_difference() const {
    return found == 0 ? 0.0 : score_differences / static_cast<double>(found);
}

double Agreement::mean_iou() const { return found == 0 ? 1.0 : ious / static_cast<double>(found); }

double Agreement::loss() const {
    const std::size_t count = original + extra;
    return count == 0 ? 0.0 : (score_differences + lost_scores) / static_cast<double>(count);
}

} // namespace detect
