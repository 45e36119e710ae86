// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/program.h"

#include <map>
#include <memory>
#include <vector>

namespace detect {

/// Steps that stand for several, because the maps between them are large: a source of rows (RowSourceStep) and what
/// follows it row by row, as long as nobody else reads what is between. By the last step that each stands for, in
/// whose place it is to run; `needed`, by step, then says no more that those are. `graph` is the program's, with the
/// shapes of one input size. Gives the bits of the steps one by one.
[[nodiscard]] std::map<std::size_t, std::unique_ptr<const PlannedStep>>
join_rows(const Program& program, const Graph& graph, std::vector<bool>& needed);

} // namespace detect
