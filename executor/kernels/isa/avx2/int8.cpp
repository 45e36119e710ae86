// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/avx2/simd.inl"

#include "executor/kernels/isa/avx2/int8_simd.inl"

#include "executor/kernels/isa/generic/int8.inl"

} // namespace

const Int8Kernels& int8_kernels_avx2() {
    static constexpr Int8Kernels kernels = make_int8_kernels("avx2");
    return kernels;
}

} // namespace detect
