#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/kernels/pooling.h"
#include "executor/step.h"

namespace detect {

/// x [N, H, W, C] → [N, 1, 1, C].
[[nodiscard]] std::shared_ptr<const Step> make_global_average_pool(const KernelTable& kernels);

struct MaxPoolStepParameters {
    /// Without the output's size, which follows from the input's.
    MaxPoolParameters kernel;
    std::size_t pad_bottom = 0;
    std::size_t pad_right = 0;
};

/// x [N, H, W, C] → [N, OH, OW, C], sizes rounded down.
[[nodiscard]] std::shared_ptr<const Step> make_max_pool(const KernelTable& kernels,
                                                        const MaxPoolStepParameters& parameters);

} // namespace detect
