// SPDX-License-Identifier: Apache-2.0
#include "cli/run/summary.h"

#include "base/label_name.h"
#include "base/percentile.h"
#include "base/text.h"
#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace detect::cli {

void Summary::add(const PictureResult& result, double milliseconds) {
    const auto slot = static_cast<std::size_t>(pictures_) % most_latencies;
    if (slot < milliseconds_.size()) {
        milliseconds_[slot] = static_cast<float>(milliseconds);
    } else {
        milliseconds_.push_back(static_cast<float>(milliseconds));
    }
    ++pictures_;
    if (!result.warnings.empty()) ++doubtful_;
    for (const Detection& detection : result.detections) ++detections_[detection.label];
}

bool Summary::detected(std::span<const int> labels) const {
    if (labels.empty()) return !detections_.empty();
    return std::ranges::any_of(labels, [&](int label) { return detections_.contains(label); });
}

std::string Summary::text(std::span<const std::string> names, double seconds) const {
    std::int64_t all = 0;
    for (const auto& [label, count] : detections_) all += count;
    std::string text = std::to_string(pictures_) + " pictures";
    if (doubtful_ > 0) text += ", " + std::to_string(doubtful_) + " of them doubtful";
    if (failures_ > 0) text += ", " + std::to_string(failures_) + " not judged";
    if (skipped_ > 0) text += ", " + std::to_string(skipped_) + " done before";
    text += ", " + std::to_string(all) + " detections in " + clock_time(seconds) + "\n";
    for (const auto& [label, count] : detections_)
        text += "  " + without_controls(label_name(label, names), ' ') + ": " + std::to_string(count) + "\n";
    if (milliseconds_.empty()) return text;
    std::vector<double> sorted(milliseconds_.begin(), milliseconds_.end());
    std::ranges::sort(sorted);
    std::array<char, 128> latency{};
    std::snprintf(latency.data(), latency.size(), "latency p50 %.1f ms, p95 %.1f ms, p99 %.1f ms\n",
                  percentile(sorted, 0.5), percentile(sorted, 0.95), percentile(sorted, 0.99));
    return text + latency.data();
}

} // namespace detect::cli
