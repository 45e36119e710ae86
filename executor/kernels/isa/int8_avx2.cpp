// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/int8_tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/simd_avx2.inl"

#include "executor/kernels/isa/activation.inl"

#include "executor/kernels/isa/int8_simd_avx2.inl"

#include "executor/kernels/isa/int8_finish.inl"

#include "executor/kernels/isa/int8_elementwise.inl"

#include "executor/kernels/isa/int8_depthwise.inl"

#include "executor/kernels/isa/int8_product.inl"

} // namespace

const Int8Kernels& int8_kernels_avx2() {
    static constexpr Int8Kernels kernels = make_int8_kernels("avx2");
    return kernels;
}

} // namespace detect
