// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/chosen_model.h"
#include "evaluation/picture_files.h"
#include "evaluation/summary.h"

#include <filesystem>
#include <vector>

namespace detect::cli {

/// Where the pictures of the dataset are, in `folder`; with a note if their names do not say it as they are written.
/// Fails if it is no folder, if an image has no name, or if two have the same.
[[nodiscard]] Result<evaluation::PictureFiles> find_pictures(const std::filesystem::path& folder,
                                                             const evaluation::Summary& summary);

/// Runs every model on every picture of the dataset, the models in turn, so that what slows the machine down slows all.
/// By `summary.conditions`: its `run` and its regions. Fills in their detections, settings, sizes and hashes of files,
/// and latencies; pictures that cannot be read, or that no region touches, are reported as they are met and
/// taken out of `summary.dataset` and listed in `summary.left_out`.
/// Fails if a model cannot be loaded or its labels do not fit the annotations, or if no picture can be read.
[[nodiscard]] Result<void> run_models(const std::vector<ChosenModel>& models, int threads,
                                      const evaluation::PictureFiles& pictures, evaluation::Summary& summary);

} // namespace detect::cli
