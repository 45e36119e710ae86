// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <span>
#include <string_view>
#include <vector>

namespace detect {

/// An Einsum equation with every axis of every operand given a label: a number that stands for a letter, or for one
/// axis of the ellipsis (those count from the last one).
struct EinsumLabels {
    std::vector<std::vector<int>> operands;
    std::vector<int> output;
};

inline constexpr int einsum_label_count = 64;

/// Reads an equation ("bij,bjk->bik", "...ij->...ji", "ii") for operands of these ranks.
/// `bad_model` (the message alone) if it is malformed or does not fit the ranks.
[[nodiscard]] Result<EinsumLabels> parse_einsum(std::string_view equation, std::span<const std::size_t> ranks);

} // namespace detect
