// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernel_table.h"
#include "executor/step.h"
#include "roi_heads/roi_align_kernel.h"

namespace detect {

/// `bad_model` unless a step's inputs are a map, RoIs [R, 4] and R pictures of the map's batch.
[[nodiscard]] Result<void> check_regions(const StepContext& context);

/// Pools the RoIs [first, first + count) of a step whose inputs passed `check_regions`, into `y`.
void pool_regions(const KernelTable& kernels, const RoiAlignParameters& parameters, StepContext& context,
                  std::size_t first, std::size_t count, Tensor& y);

/// x [N, H, W, C], RoIs float32 [R, 4], pictures int64 [R] → [R, pooled_h, pooled_w, C].
[[nodiscard]] std::shared_ptr<const Step> make_roi_align(const KernelTable& kernels,
                                                         const RoiAlignParameters& parameters);

} // namespace detect
