// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/packed_matrix.h"

namespace detect {

/// What is done to a product before it is stored: activation(A·B + bias + residual).
struct Epilogue {
    Activation activation = Activation::none;
    /// Null, or [M, N] with `residual_stride` floats from row to row. May not overlap C.
    const float* residual = nullptr;
    std::size_t residual_stride = 0;
};

/// C [M, N] = activation(A·B + bias + residual), with A [M, K] row-major (`lda` floats from row to row), C row-major.
/// An output element is the sum, in order, of blocks of 64 terms (the last may have fewer), each one multiply-add per k
/// in ascending order from zero; then the bias. split_gemm.h says how it is where B has `split` set. So it depends on
/// its own row of A and column of B alone, not on M, the threads or where its row stands. C overlaps none of the
/// inputs. `scratch`: `gemm_scratch_bytes` on a 64-byte boundary.
void gemm(const PackedView& b, const float* a, std::size_t lda, std::size_t m, float* c, std::size_t ldc,
          const Epilogue& epilogue, std::span<std::byte> scratch, ThreadPool& pool);
[[nodiscard]] std::size_t gemm_scratch_bytes(const PackedView& b, std::size_t m, std::size_t threads);

/// The same on the calling thread, for some of B's panels: the piece that fused steps are made of. C and the residual
/// start at the first panel's first column. `scratch`: `gemm_panels_scratch_bytes` on a 64-byte boundary.
void gemm_panels(const PackedView& b, std::size_t first_panel, std::size_t last_panel, const float* a, std::size_t lda,
                 std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue, std::span<std::byte> scratch);
[[nodiscard]] std::size_t gemm_panels_scratch_bytes(const PackedView& b, std::size_t m);

/// `scaled` [b.size()] = the packed weights with row k multiplied by gate[k]: squeeze-excite's gate on A's columns, at
/// the price of a pass over the weights in place of one over A. Use `scaled` as PackedView::weights.
void scale_rows(const PackedView& b, const float* gate, float* scaled, ThreadPool& pool);

} // namespace detect
