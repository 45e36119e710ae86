// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/int8_tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/simd_avx512.inl"

#include "executor/kernels/isa/activation.inl"

#include "executor/kernels/isa/int8_simd_avx512.inl"

#include "executor/kernels/isa/int8_finish.inl"

#include "executor/kernels/isa/int8_product_amx.inl"

} // namespace

const Int8Kernels& int8_kernels_amx() {
    static const Int8Kernels kernels = [] {
        Int8Kernels with_tiles = int8_kernels_avx512_vnni();
        with_tiles.name = "amx";
        with_tiles.step = amx_step;
        with_tiles.product = &int8_product_on_tiles;
        return with_tiles;
    }();
    return kernels;
}

} // namespace detect
