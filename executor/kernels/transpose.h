// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace detect {

/// y = x with its axes in another order (ONNX's Transpose): axis i of y is axis `permutation[i]` of x [sizes], at most
/// eight of them. Elements of 1, 2, 4 or 8 bytes; x and y do not overlap.
void transpose(std::span<const std::int64_t> sizes, std::span<const std::size_t> permutation, std::size_t element_bytes,
               const std::byte* x, std::byte* y, ThreadPool& pool);

} // namespace detect
