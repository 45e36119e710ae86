// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <cstddef>
#include <span>

namespace detect {

/// Floats on a 64-byte boundary (a cache line and an AVX-512 vector).
class AlignedBuffer {
public:
    AlignedBuffer() = default;

    /// Zeroed. `resource_limit` if the memory is not there.
    static Result<AlignedBuffer> allocate(std::size_t count);
    /// The memory of a tensor of floats that lies on such a boundary.
    explicit AlignedBuffer(Tensor floats) : tensor_(std::move(floats)) {}

    [[nodiscard]] std::size_t bytes() const { return tensor_.byte_count(); }
    [[nodiscard]] float* data() { return reinterpret_cast<float*>(tensor_.mutable_bytes().data()); }
    [[nodiscard]] const float* data() const { return reinterpret_cast<const float*>(tensor_.bytes().data()); }
    [[nodiscard]] std::span<float> floats() { return {data(), bytes() / sizeof(float)}; }
    [[nodiscard]] std::span<const float> floats() const { return {data(), bytes() / sizeof(float)}; }

private:
    Tensor tensor_;
};

} // namespace detect
