// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

namespace detect {

/// Left and right exchanged: another picture that a network knows as well, and of the same size. float32
/// [3, height, width], as is the result.
[[nodiscard]] Result<Tensor> mirror_image(const Tensor& image);

} // namespace detect
