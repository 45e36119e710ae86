#pragma once

#include "graph/graph.h"

#include <optional>
#include <string_view>

namespace detect {

/// How a model's file holds its weights, and what it computes with.
enum class Precision {
    fp32,
    /// Weights stored as float16 and widened by the runtime; everything is computed in float32.
    fp16,
    /// Convolutions and fully connected layers compute with 8-bit integers (QDQ form).
    int8,
};

/// "fp32", "fp16", "int8": as options and metadata spell it.
[[nodiscard]] std::string_view to_string(Precision precision);
[[nodiscard]] std::optional<Precision> parse_precision(std::string_view text);

/// What a file holds, whoever wrote it: int8 if values are rounded to integers, fp16 if a constant is float16.
[[nodiscard]] Precision precision_of(const Graph& graph);

} // namespace detect
