#pragma once

#include "executor/step.h"
#include "roi_heads/roi_align_kernel.h"

namespace detect {

/// x [N, H, W, C], RoIs float32 [R, 4], pictures int64 [R] → [R, pooled_h, pooled_w, C].
[[nodiscard]] std::shared_ptr<const Step> make_roi_align(const KernelTable& kernels,
                                                         const RoiAlignParameters& parameters);

} // namespace detect
