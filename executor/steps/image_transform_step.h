#pragma once

#include "executor/kernels/resize.h"
#include "executor/step.h"

namespace detect {

/// A batch of pictures [N, 3, H, W], the resized sizes int64 [4] (N, 3, height, width) and the pads int64 [8] (of a
/// plain tensor, as ONNX Pad has them; only the last two may be above 0) → [N, padded height, padded width, 3].
[[nodiscard]] std::shared_ptr<const Step> make_image_transform(const KernelTable& kernels,
                                                               const BilinearResize::Normalisation& normalisation);

} // namespace detect
