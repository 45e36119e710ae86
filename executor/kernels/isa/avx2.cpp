// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <utility>

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/simd_avx2.inl"

#include "executor/kernels/isa/activation.inl"

#include "executor/kernels/isa/gemm_tile.inl"

#include "executor/kernels/isa/depthwise_row.inl"

#include "executor/kernels/isa/elementwise.inl"

#include "executor/kernels/isa/weighted_sum.inl"

#include "executor/kernels/isa/rows.inl"

#include "executor/kernels/isa/functions.inl"

#include "executor/kernels/isa/winograd.inl"

#include "executor/kernels/isa/table.inl"

} // namespace

const KernelTable& kernel_table_avx2() {
    static constexpr KernelTable table = make_table(Isa::avx2);
    return table;
}

} // namespace detect
