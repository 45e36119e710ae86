// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/int8/matrix.h"

namespace detect {

/// What is done to A's bytes before they are multiplied: squeeze-excite's gate.
struct Int8Rescale {
    /// By term: real factor over the scale of the result; or null for nothing.
    const float* factor = nullptr;
    std::int32_t from_zero = 0;
    std::int32_t to_zero = 0;
};

/// C [M, N] = finish(A·B) for a B of one segment, with A [M, K] (`lda` bytes from row to row); only the places of
/// `finish` and what is done there are looked at, the rest is the matrix's own. With `rescale`, A is dense. An output
/// depends on its own row of A and column of B alone. `scratch`: `int8_gemm_scratch_bytes` on a 64-byte boundary.
void int8_gemm(const Int8Matrix& b, const std::uint8_t* a, std::size_t lda, std::size_t m, const Int8Finish& finish,
               const Int8Rescale& rescale, std::span<std::byte> scratch, ThreadPool& pool);
[[nodiscard]] std::size_t int8_gemm_scratch_bytes(const Int8Matrix& b, std::size_t m, bool rescales,
                                                  std::size_t threads);

/// The same on the calling thread, for a few rows; any segments. `rows_of_c`: as in Int8Product.
void int8_gemm_rows(const Int8Matrix& b, const std::uint8_t* a, std::size_t lda, std::size_t m,
                    std::span<const std::size_t> segments, const std::int32_t* rows_of_c, const Int8Finish& finish);

} // namespace detect
