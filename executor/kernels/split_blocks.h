// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/kernels/rounding.h"

#include <algorithm>

namespace detect {

/// The tiles of bfloat16 for a product of k terms and n columns, if the processor has them and they pay: below this,
/// splitting takes longer than multiplying. Null otherwise.
[[nodiscard]] inline const SplitKernels* tiles_for(const KernelTable& kernels, std::size_t k, std::size_t n) {
    constexpr std::size_t least_k = 64;
    constexpr std::size_t least_n = 32;
    return k >= least_k && n >= least_n ? kernels.split : nullptr;
}

/// How the terms of a sum are cut up on tiles: in equal blocks of at most four steps, each summed from zero. Follows
/// from k alone, or results would depend on company.
class SplitBlocks {
public:
    /// What so many steps need of a panel stays in a first-level cache.
    static constexpr std::size_t most_steps = 4;
    /// Numbers in the split parts of a block of a panel.
    static constexpr std::size_t panel_size =
        max_panel_vectors * most_steps * SplitKernels::most_parts * SplitKernels::rows * SplitKernels::depth;

    explicit SplitBlocks(std::size_t k) : k_(k), steps_(divide_up(k, SplitKernels::depth)) {}

    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t count() const { return divide_up(steps_, most_steps); }
    /// The first step of a block.
    [[nodiscard]] std::size_t step(std::size_t block) const { return steps_ * block / count(); }
    /// Its first term.
    [[nodiscard]] std::size_t begin(std::size_t block) const { return std::min(step(block) * SplitKernels::depth, k_); }

private:
    std::size_t k_;
    std::size_t steps_;
};

} // namespace detect
