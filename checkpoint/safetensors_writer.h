// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "graph/tensor.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace detect {

enum class StoredPrecision : std::uint8_t { float32, float16 };

/// Writes float32 tensors as a safetensors file, as they are or rounded to float16 (to nearest, ties to even), with
/// `metadata` in the header's `__metadata__`. The file gets its name only when it is complete. `invalid_argument`
/// if a tensor is not float32, is called `__metadata__`, or has a finite value that float16 cannot hold (65520 and
/// above).
[[nodiscard]] Result<void> write_safetensors(const std::filesystem::path& path,
                                             const std::map<std::string, Tensor, std::less<>>& tensors,
                                             const std::map<std::string, std::string>& metadata,
                                             StoredPrecision precision = StoredPrecision::float32);

} // namespace detect
