// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/simd_avx512.inl"

#include "executor/kernels/isa/activation.inl"

#include "executor/kernels/isa/split_product.inl"

template <std::size_t Parts>
constexpr SplitKernels split_kernels{Parts, &split_row<Parts>, &split_panel<Parts>, &multiply_split<Parts>};

} // namespace

const KernelTable& kernel_table_amx() {
    static const KernelTable table = [] {
        KernelTable with_tiles = kernel_table_avx512();
        with_tiles.isa = Isa::amx;
        with_tiles.split = &split_kernels<3>;
        with_tiles.split_in_two = &split_kernels<2>;
        return with_tiles;
    }();
    return table;
}

} // namespace detect
