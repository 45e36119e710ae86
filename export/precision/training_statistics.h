// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <optional>
#include <string>
#include <vector>

namespace detect {

/// What a BatchNormalization tells of the pictures that a network was trained on: its outputs had this mean and
/// standard deviation, channel by channel, over all of them.
struct TrainingStatistics {
    /// The value that the BatchNormalization computes, by name.
    std::string value;
    std::vector<float> mean;
    std::vector<float> deviation;
};

/// Of the first BatchNormalization of a network that still has them apart; nothing if there is none.
[[nodiscard]] std::optional<TrainingStatistics> training_statistics(const Graph& graph);

} // namespace detect
