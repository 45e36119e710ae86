// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/precision.h"
#include "graph/graph.h"

#include <optional>
#include <string_view>

namespace detect {

/// "fp32", "fp16", "int8": as options and metadata spell it.
[[nodiscard]] std::string_view to_string(Precision precision);
[[nodiscard]] std::optional<Precision> parse_precision(std::string_view text);

/// What a file holds, whoever wrote it: int8 if values are rounded to integers, fp16 if a constant is float16.
[[nodiscard]] Precision precision_of(const Graph& graph);

} // namespace detect
