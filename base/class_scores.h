// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace detect {

/// From which score on a detection counts, class by class.
struct ClassScores {
    /// Of the classes that have none of their own; nothing: it is not said.
    std::optional<float> others = std::nullopt;
    /// By the names that `label_name` gives.
    std::map<std::string, float> by_name = {};

    [[nodiscard]] bool empty() const { return !others && by_name.empty(); }
    friend bool operator==(const ClassScores&, const ClassScores&) = default;
};

/// A model carries its scores in its metadata under this key, as the text below.
inline constexpr std::string_view class_scores_key = "class_scores";

/// Reads "0.5,short=0.72,copper=0.88". What is before an item's last = is a name; in it, \, is a comma and \\ a
/// backslash. `invalid_argument` names the item: a score that is no number from 0 to 1, a name twice.
[[nodiscard]] Result<ClassScores> parse_class_scores(std::string_view text);

/// The text that is read back to the same.
[[nodiscard]] std::string to_text(const ClassScores& scores);

} // namespace detect
