// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <filesystem>

namespace detect::cli {

/// A picture file as the network takes it: float32 [3, height, width], RGB, 0–1. Values outside that range are refused
/// with the range found; a picture in which there is nothing to see is warned about, with its numbers.
[[nodiscard]] Result<Tensor> read_example_image(const std::filesystem::path& path);

} // namespace detect::cli
