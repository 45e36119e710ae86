#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/kernels/rounding.h"

#include <algorithm>

namespace detect {

/// Whether a product of k terms and n columns pays on tiles of bfloat16, where the processor has them: below this,
/// splitting takes longer than multiplying.
[[nodiscard]] inline bool pays_on_tiles(const KernelTable& kernels, std::size_t k, std::size_t n) {
    constexpr std::size_t least_k = 64;
    constexpr std::size_t least_n = 32;
    return kernels.split != nullptr && k >= least_k && n >= least_n;
}

/// How the terms of a sum are cut up on tiles: in equal blocks of at most four steps, each summed from zero. Follows
/// from k alone, or results would depend on company.
class SplitBlocks {
public:
    /// What so many steps need of a panel stays in a first-level cache.
    static constexpr std::size_t most_steps = 4;
    /// Numbers in the split parts of a block of a panel.
    static constexpr std::size_t panel_size = max_panel_vectors * most_steps * SplitKernels::step_size;

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
