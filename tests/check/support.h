// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check/check.h"
#include "graph/graph.h"
#include "tests/support/temp_dir.h"

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace detect::checking {

/// For failure messages of GoogleTest.
void PrintTo(const Finding& finding, std::ostream* out);

} // namespace detect::checking

namespace detect::test {

/// samples/board.png as the network takes it, and the checkpoint beside it.
[[nodiscard]] Tensor board_picture();
[[nodiscard]] std::filesystem::path board_checkpoint();

/// A file that make_exports.py made; a path that does not exist if it could not.
[[nodiscard]] std::filesystem::path made_export(const std::string& name);

/// The report on a file, which must be readable.
[[nodiscard]] checking::CheckReport report_on(const std::filesystem::path& file, checking::CheckOptions options);
/// The report on a graph, written to a file first.
[[nodiscard]] checking::CheckReport report_on(const Graph& graph, checking::CheckOptions options = {});

/// The names of the checks that found problems, sorted, each once; of costs as well if asked for.
[[nodiscard]] std::vector<std::string> problems(const checking::CheckReport& report);
[[nodiscard]] std::vector<std::string> costs(const checking::CheckReport& report);

/// The findings of a check.
[[nodiscard]] std::vector<checking::Finding> findings_of(const checking::CheckReport& report, const std::string& check);

} // namespace detect::test
