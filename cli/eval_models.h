// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/chosen_model.h"
#include "evaluation/summary.h"

#include <filesystem>
#include <vector>

namespace detect::cli {

/// Runs every model on every picture of the dataset, the models in turn, so that what slows the machine down slows all.
/// Fills in their detections, file sizes and latencies; pictures that cannot be read are reported as they are met and
/// taken out of `summary.dataset` and listed in `summary.left_out`.
/// Fails if a model cannot be loaded or its labels do not fit the annotations, or if no picture can be read.
[[nodiscard]] Result<void> run_models(const std::vector<ChosenModel>& models, int threads,
                                      const std::filesystem::path& folder, evaluation::Summary& summary);

} // namespace detect::cli
