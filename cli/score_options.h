// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/class_scores.h"
#include "detect/detector.h"

#include <map>
#include <string>

#include <CLI/CLI.hpp>

/// From which score on detections count: `--score` and `--score-file` of `detect run`, `--class-scores` of
/// `detect export`.
namespace detect::cli {

struct ScoreArguments {
    std::string scores = "0.5";
    std::string file;
};

/// Declares them in this group of the help page.
void add_score_options(CLI::App& command, ScoreArguments& arguments, const std::string& group);

/// What they say, in a detector's options: `--score` goes before `--score-file`, and both go before what the model
/// carries. Without a word, the model's scores stand in place of 0.5. `invalid_argument` or `unreadable_input` if they
/// make no sense.
[[nodiscard]] Result<void> apply_scores(const CLI::App& command, const ScoreArguments& arguments,
                                        DetectorOptions& options);

/// Scores per class as `detect export` takes them: a file that `detect eval` saved, or NAME=SCORE,… By name.
[[nodiscard]] Result<std::map<std::string, float>> read_class_scores(const std::string& text);
/// Whether this is such a file, and not empty or the scores themselves.
[[nodiscard]] bool names_a_file(const std::string& class_scores);

/// Says whether the scores that the model carries are used. Nothing if it carries none.
void note_model_scores(const Detector& detector, const DetectorOptions& options);

/// The scores from which on this detector reports: `others`, and by name those of the model's classes that differ from
/// it. For records of a run.
[[nodiscard]] ClassScores scores_in_force(const Detector& detector, const DetectorOptions& options);

} // namespace detect::cli
