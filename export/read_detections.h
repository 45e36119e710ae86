// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "graph/tensor.h"

#include <span>
#include <vector>

namespace detect {

/// Per picture, from the outputs of an exported graph in either layout (OutputLayout). `internal` if they are none.
[[nodiscard]] Result<std::vector<std::vector<Detection>>> read_detections(std::span<const Tensor> outputs);

} // namespace detect
