// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <filesystem>

namespace detect::cli {

/// A picture file as the network takes it: float32 [3, height, width], RGB, 0–1. Values outside that range are refused
/// with the range found, 16-bit
/// samples are taken to have so many bits (see picture_input.h); a picture in which there is nothing to see is warned
/// about, with its numbers.
[[nodiscard]] Result<Tensor> read_example_image(const std::filesystem::path& path, int bits);

} // namespace detect::cli
