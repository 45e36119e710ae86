// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/gemm.h"
#include "executor/step.h"
#include "roi_heads/roi_align_kernel.h"

namespace detect {

/// x [N, H, W, C], RoIs float32 [R, 4], pictures int64 [R] → activation(pooled · B + bias) [R, n], with `pooled`
/// [R, pooled_h · pooled_w · C]. RoIs are pooled some hundreds at a time: a thousand of them are 50 MB before the first
/// fully connected layer of a box head.
[[nodiscard]] std::shared_ptr<const Step> make_region_product(const KernelTable& kernels,
                                                              const RoiAlignParameters& pooling, PackedMatrix weights,
                                                              Activation activation);

} // namespace detect
