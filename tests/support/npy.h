// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "graph/tensor.h"

#include <filesystem>

namespace detect::test {

/// Reads a NumPy .npy file: little-endian, row-major; float32, float64, uint8, int32, int64 or bool.
/// `unreadable_input` if the file is missing, cut off or of another kind.
[[nodiscard]] Result<Tensor> read_npy(const std::filesystem::path& path);

/// Writes a tensor of one of these types as a .npy file.
[[nodiscard]] Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor);

} // namespace detect::test
