// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/packed_matrix.h"

namespace detect {

/// Products C = A·B of many pairs of matrices, none of them known before the run.
struct BatchedProduct {
    std::size_t m = 0;
    std::size_t k = 0;
    std::size_t n = 0;
    /// Of each product, where its matrices begin, in floats. A [m, k], B [k, n] (or [n, k]: `b_is_transposed`) and
    /// C [m, n] are row-major without gaps.
    struct Offsets {
        std::size_t a = 0;
        std::size_t b = 0;
        std::size_t c = 0;
    };
    std::span<const Offsets> products;
    bool b_is_transposed = false;
};

/// Computes them as `gemm` does, B packed on the way. An output depends on its own row of A and column of B alone.
/// C overlaps no input. `scratch`: `batched_product_scratch_bytes` on a 64-byte boundary.
void multiply_batched(const KernelTable& kernels, const BatchedProduct& product, const float* a, const float* b,
                      float* c, std::span<std::byte> scratch, ThreadPool& pool);
[[nodiscard]] std::size_t batched_product_scratch_bytes(const KernelTable& kernels, const BatchedProduct& product,
                                                        std::size_t threads);

} // namespace detect
