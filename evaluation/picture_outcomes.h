// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/errors.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

/// Which pictures a detector gets wrong: an inspection is judged by boards, not by boxes.
namespace detect::evaluation {

/// What became of one picture at the chosen score and IoU.
struct PictureOutcome {
    /// Position in Dataset::images.
    std::size_t image = 0;
    /// To be found: without crowds. Each is found or missed.
    std::size_t objects = 0;
    std::size_t found = 0;
    std::size_t missed = 0;
    std::size_t false_alarms = 0;
    /// Misses that were paired with a false alarm of another category; both count above, too.
    std::size_t wrong_class = 0;
    /// Detections that count, those within crowds included.
    std::size_t reported = 0;
    /// Of the false alarms, added up: how sure the detector was of what is not there.
    double false_alarm_scores = 0.0;
    /// There is a group that need not be found: with nothing else, the picture is neither good nor to be found out.
    bool has_crowd = false;

    [[nodiscard]] bool has_errors() const { return missed > 0 || false_alarms > 0; }
};

/// One for each image, the worst first: by misses, then by false alarms, then by the scores of the false alarms added
/// up, each the highest first; equals by file_name, then in the order of the dataset.
[[nodiscard]] std::vector<PictureOutcome> worst_pictures(const Findings& findings, const Errors& errors,
                                                         double min_score);

/// Pictures counted by what becomes of them on a line.
struct PictureRates {
    /// With at least one object to be found; of these, those in which at least one is missed; in which none is found;
    /// and of which nothing is reported at all, so that they pass as good.
    std::size_t with_objects = 0;
    std::size_t with_a_miss = 0;
    std::size_t with_nothing_found = 0;
    std::size_t passed_as_good = 0;
    /// Without any object, crowds included; of these, those of which something is reported.
    std::size_t without_objects = 0;
    std::size_t called_defective = 0;
    /// With crowds and nothing else: neither of the two.
    std::size_t with_crowds_only = 0;
    std::size_t false_alarms = 0;

    /// Shares, and a mean; nothing where there is no such picture.
    [[nodiscard]] std::optional<double> escape_rate() const;
    [[nodiscard]] std::optional<double> nothing_found_rate() const;
    [[nodiscard]] std::optional<double> board_escape_rate() const;
    [[nodiscard]] std::optional<double> overkill_rate() const;
    [[nodiscard]] std::optional<double> false_alarms_per_picture() const;
};

[[nodiscard]] PictureRates picture_rates(std::span<const PictureOutcome> pictures);

} // namespace detect::evaluation
