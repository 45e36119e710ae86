// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <map>
#include <string>

namespace detect {

/// What the picture was like that an export was verified on, for the file's metadata: pictures that are far from it are
/// nothing that anybody has seen the file work on. `verified_picture_width` and `verified_picture_height` in pixels;
/// `verified_picture_mean`, `verified_picture_deviation` (standard), `verified_picture_min` and `verified_picture_max`
/// over all values of all channels, 0–1, in the shortest decimals that read back to the same float32.
/// `image`: float32 [3, height, width], RGB, 0–1, not empty.
[[nodiscard]] std::map<std::string, std::string> verified_picture_metadata(const Tensor& image);

} // namespace detect
