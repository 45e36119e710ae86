// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/class_scores.h"
#include "evaluation/summary.h"

#include <filesystem>
#include <string>
#include <vector>

namespace detect::evaluation {

/// The score per class from which on a model's detections make the highest F1 on a dataset.
struct BestScores {
    /// `others`: of all classes together.
    ClassScores scores;
    /// Classes that have the score of all together, because nothing of theirs was found or there was nothing to find.
    std::vector<std::string> without_own = {};
};

/// Of the only model of an evaluated summary, by its own class names. Of several scores with the same F1 it is the
/// highest. `invalid_argument` if no object is found at any score: then there is no best one.
[[nodiscard]] Result<BestScores> best_scores(const Summary& summary);

/// As a JSON file: version, model, data, IoU, scores.
[[nodiscard]] std::string to_score_file(const BestScores& best, const Summary& summary);

/// Reads what `to_score_file` wrote. `unreadable_input` names the file and what is wrong.
[[nodiscard]] Result<ClassScores> read_score_file(const std::filesystem::path& file);

} // namespace detect::evaluation
