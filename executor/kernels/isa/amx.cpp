#include "executor/kernels/isa/tables.h"

#include <immintrin.h>

namespace detect {

namespace {

#include "executor/kernels/isa/simd_avx512.inl"

#include "executor/kernels/isa/activation.inl"

#include "executor/kernels/isa/split_product.inl"

constexpr SplitKernels split_kernels{&split_row, &split_panel, &multiply_split};

} // namespace

const KernelTable& kernel_table_amx() {
    static const KernelTable table = [] {
        KernelTable with_tiles = kernel_table_avx512();
        with_tiles.isa = Isa::amx;
        with_tiles.split = &split_kernels;
        return with_tiles;
    }();
    return table;
}

} // namespace detect
