// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/image_transform.h"
#include "executor/row_step.h"

namespace detect {

/// A batch of pictures [N, 3, H, W], the resized sizes int64 [4] (N, 3, height, width) and the pads int64 [8] (of a
/// plain tensor, as ONNX Pad has them; only the last two may be above 0) → [N, padded height, padded width, 3].
[[nodiscard]] std::shared_ptr<const RowSourceStep>
make_image_transform(const KernelTable& kernels, const ImageTransform::Normalisation& normalisation);

} // namespace detect
