// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <utility>

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/avx2/simd.inl"

#include "executor/kernels/isa/generic/float.inl"

} // namespace

const KernelTable& kernel_table_avx2() {
    static constexpr KernelTable table = make_table("avx2");
    return table;
}

} // namespace detect
