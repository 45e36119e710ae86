// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/parameters.h"
#include "graph/tensor.h"

#include <filesystem>
#include <map>
#include <string>

namespace detect::test {

using Tensors = std::map<std::string, Tensor, std::less<>>;

/// The checkpoint that comes with the project: seven classes, background included.
[[nodiscard]] std::filesystem::path bundled_checkpoint();

/// Its tensors under the names that the network definition asks for, `num_batches_tracked` left out.
[[nodiscard]] const Tensors& bundled_tensors();

/// The same with a predictor of other classes: rows are taken from the bundled one in turn, background first.
[[nodiscard]] Tensors with_classes(std::int64_t classes);

/// A picture with something to see: float32 [3, height, width], dark lines and dots on a bright ground.
[[nodiscard]] Tensor drawn_image(std::int64_t height, std::int64_t width);
/// [1, 3, height, width]
[[nodiscard]] Tensor as_batch(const Tensor& image);

} // namespace detect::test
