// SPDX-License-Identifier: Apache-2.0
#include "cli/measurement.h"

#include "base/percentile.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <numeric>

namespace detect::cli {

Latency summarise(std::vector<double> milliseconds) {
    std::ranges::sort(milliseconds);
    const double sum = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0);
    return {.min = milliseconds.front(),
            .p50 = percentile(milliseconds, 0.5),
            .p90 = percentile(milliseconds, 0.9),
            .p99 = percentile(milliseconds, 0.99),
            .mean = sum / static_cast<double>(milliseconds.size())};
}

std::vector<ProfileRow> summarise(const std::vector<std::vector<StepTime>>& runs) {
    std::map<std::pair<std::string, std::string>, ProfileRow> rows;
    double total = 0.0;
    for (std::size_t i = 0; i < runs.front().size(); ++i) {
        std::vector<double> times;
        times.reserve(runs.size());
        for (const auto& run : runs) times.push_back(run[i].milliseconds);
        std::ranges::sort(times);
        const double median = percentile(times, 0.5);
        const StepTime& step = runs.front()[i];
        const std::string part = step.name.substr(0, step.name.find('/'));
        ProfileRow& row = rows[{part, step.label}];
        row.part = part;
        row.step = step.label;
        row.count += 1;
        row.milliseconds += median;
        total += median;
    }
    std::vector<ProfileRow> sorted;
    for (auto& [key, row] : rows) {
        row.share = total > 0.0 ? row.milliseconds / total : 0.0;
        sorted.push_back(std::move(row));
    }
    std::ranges::stable_sort(sorted, std::greater(), &ProfileRow::milliseconds);
    return sorted;
}

double peak_memory_mb() {
    // Not getrusage: its figure starts with that of the program that started this one.
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        double kibibytes = 0.0;
        if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024.0 / 1e6;
    }
    return 0.0;
}

} // namespace detect::cli
