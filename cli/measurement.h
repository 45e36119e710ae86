// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/model.h"

#include <string>
#include <vector>

/// Figures of repeated runs.
namespace detect::cli {

/// Milliseconds of a run.
struct Latency {
    double min = 0.0;
    double p50 = 0.0;
    double p90 = 0.0;
    double p99 = 0.0;
    double mean = 0.0;
};

/// `milliseconds` must not be empty.
[[nodiscard]] Latency summarise(std::vector<double> milliseconds);

/// The steps of a part of the network that do the same.
struct ProfileRow {
    /// "backbone", "rpn": the step's name up to its first slash.
    std::string part;
    std::string step;
    int count = 0;
    double milliseconds = 0.0;
    /// Of all rows' time, 0 to 1.
    double share = 0.0;
};

/// Every step's median over the runs, added up by part and label; the longest first. All runs have the same steps.
[[nodiscard]] std::vector<ProfileRow> summarise(const std::vector<std::vector<StepTime>>& runs);

/// The most memory that this process has had resident, in MB (10^6 bytes); 0 where the system does not tell.
[[nodiscard]] double peak_memory_mb();

} // namespace detect::cli
