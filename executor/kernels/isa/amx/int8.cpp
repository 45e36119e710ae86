// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/avx512/simd.inl"

#include "executor/kernels/isa/generic/activation.inl"

#include "executor/kernels/isa/avx512/int8_simd.inl"

#include "executor/kernels/isa/generic/int8_finish.inl"

#include "executor/kernels/isa/amx/int8_product.inl"

constexpr std::string_view name = "amx";

} // namespace

const Int8Kernels& int8_kernels_amx() {
    static const Int8Kernels kernels = [] {
        Int8Kernels with_tiles = int8_kernels_avx512_vnni();
        with_tiles.name = name;
        with_tiles.step = amx_step;
        with_tiles.product = &int8_product_on_tiles;
        return with_tiles;
    }();
    return kernels;
}

} // namespace detect
