// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace detect::evaluation {

/// Which category of a dataset a model means by its labels.
struct LabelMatching {
    /// Position in Dataset::categories of a label as `Detection::label` numbers it; labels without one are left out.
    std::map<int, std::size_t> category_of;
    /// What does not fit, a sentence each, for the user to see.
    std::vector<std::string> warnings;
};

/// `names` are those of labels 1, 2, …: each means the category of the same name, failing that the one of the same name
/// in other case. Without names, labels mean the categories of the same id.
/// `invalid_argument` if none fits, with the names of both sides.
[[nodiscard]] Result<LabelMatching> match_labels(std::span<const std::string> names, const Dataset& dataset);

} // namespace detect::evaluation
