// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/avx512/simd.inl"

#include "executor/kernels/isa/avx512/int8_simd.inl"

#include "executor/kernels/isa/avx512_vnni/int8_dot.inl"

#include "executor/kernels/isa/generic/int8.inl"

} // namespace

const Int8Kernels& int8_kernels_avx512_vnni() {
    static constexpr Int8Kernels kernels = make_int8_kernels("avx512_vnni");
    return kernels;
}

} // namespace detect
