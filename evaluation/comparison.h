// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/errors.h"

#include <span>
#include <vector>

namespace detect::evaluation {

/// What one model does and none of the others.
struct Alone {
    /// Objects that only it finds, with what found them.
    std::vector<Errors::Hit> hits;
    /// False alarms (positions in its own list of detections) at places where no other has one of that category.
    std::vector<std::size_t> false_alarms;
};

/// Of several models on the same dataset: their findings and errors at the same score and IoU, in the same order. The
/// result has one entry per model.
[[nodiscard]] std::vector<Alone> compare(std::span<const Findings> findings, std::span<const Errors> errors,
                                         double min_iou);

} // namespace detect::evaluation
