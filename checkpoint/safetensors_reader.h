// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/tensor_entry.h"
#include "detect/error.h"

#include <cstddef>
#include <span>

namespace detect {

/// Longest header that is read, in bytes; the limit of the format's own implementation.
inline constexpr std::size_t max_safetensors_header = 100'000'000;

/// A safetensors file: an int64 header length, a JSON object {name: {dtype, shape, data_offsets: [begin, end]}} with an
/// optional "__metadata__" of texts, then the tensors' bytes. As the format demands, names are unique and the ranges
/// cover the data without overlaps or holes.
[[nodiscard]] Result<CheckpointContents> read_safetensors(std::span<const std::byte> file);

} // namespace detect
