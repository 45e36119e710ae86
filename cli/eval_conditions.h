// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/chosen_model.h"
#include "cli/eval_options.h"
#include "evaluation/conditions.h"

#include <map>
#include <string>
#include <vector>

/// What figures were measured under, for their records.
namespace detect::cli {

/// All but `run` and the hash of the annotations. The date is now, or that of SOURCE_DATE_EPOCH (seconds since 1970,
/// https://reproducible-builds.org/specs/source-date-epoch/), so that the same figures make the same files.
/// `invalid_argument` if that is no number or a region is none.
[[nodiscard]] Result<evaluation::Conditions> conditions(const EvalArguments& arguments);

[[nodiscard]] evaluation::RunConditions run_conditions(const EvalArguments& arguments);

/// The settings of the network that the model's metadata tells, in the order of the table of settings. Which of them
/// are assumed is said where `assumed_settings` says it.
[[nodiscard]] std::vector<evaluation::ModelSetting> settings_of(const ChosenModel& model,
                                                                const std::map<std::string, std::string>& metadata);

} // namespace detect::cli
