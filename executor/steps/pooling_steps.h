// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/step.h"
#include "graph/geometry.h"

namespace detect {

/// x [N, H, W, C] → [N, 1, 1, C].
[[nodiscard]] std::shared_ptr<const Step> make_global_average_pool(const KernelTable& kernels);

/// x [N, H, W, C] → [N, OH, OW, C], sizes rounded down.
[[nodiscard]] std::shared_ptr<const Step> make_max_pool(const KernelTable& kernels, const Window& rows,
                                                        const Window& columns);

} // namespace detect
