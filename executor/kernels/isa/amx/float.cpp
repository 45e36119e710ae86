// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/avx512/simd.inl"

#include "executor/kernels/isa/generic/activation.inl"

#include "executor/kernels/isa/amx/split_product.inl"

template <std::size_t Parts>
constexpr SplitKernels split_kernels{Parts, &split_row<Parts>, &split_panel<Parts>, &multiply_split<Parts>};

constexpr std::string_view name = "amx";

} // namespace

const KernelTable& kernel_table_amx() {
    static const KernelTable table = [] {
        KernelTable with_tiles = kernel_table_avx512();
        with_tiles.name = name;
        with_tiles.split = &split_kernels<3>;
        with_tiles.split_in_two = &split_kernels<2>;
        return with_tiles;
    }();
    return table;
}

} // namespace detect
