// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/gemm.h"

namespace detect {

/// Bytes, on a 64-byte boundary, that `split_gemm_panels` needs for up to `m` rows.
[[nodiscard]] std::size_t split_gemm_scratch_bytes(const PackedView& b, std::size_t m);

/// `gemm_panels` on tiles of bfloat16 (SplitProduct says how exactly): for views that have `split` set. A sum is that
/// of equal blocks of at most 128 terms.
void split_gemm_panels(const PackedView& b, std::size_t first_panel, std::size_t last_panel, const float* a,
                       std::size_t lda, std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue,
                       std::span<std::byte> scratch);

} // namespace detect
