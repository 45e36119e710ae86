// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

namespace detect {

namespace {

#include "executor/kernels/isa/portable/simd.inl"

#include "executor/kernels/isa/portable/int8_simd.inl"

#include "executor/kernels/isa/generic/int8.inl"

} // namespace

const Int8Kernels& int8_kernels_portable() {
    static constexpr Int8Kernels kernels = make_int8_kernels("portable");
    return kernels;
}

} // namespace detect
