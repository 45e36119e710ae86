// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/kernel_table.h"

/// What the folders of this one define, a source each: float kernels in float.cpp, 8-bit ones in int8.cpp. Such a
/// source is compiled with its instruction set's own flags and calls nothing that is defined inline elsewhere: the
/// linker might keep its copy, full of instructions that other processors lack.
namespace detect {

[[nodiscard]] const KernelTable& kernel_table_portable();
[[nodiscard]] const Int8Kernels& int8_kernels_portable();

[[nodiscard]] const KernelTable& kernel_table_avx2();
[[nodiscard]] const Int8Kernels& int8_kernels_avx2();

[[nodiscard]] const KernelTable& kernel_table_avx512();
/// Products by way of 16 bits.
[[nodiscard]] const Int8Kernels& int8_kernels_avx512();

[[nodiscard]] const Int8Kernels& int8_kernels_avx512_vnni();

/// AVX-512's, and products on tiles.
[[nodiscard]] const KernelTable& kernel_table_amx();
/// AVX-512 VNNI's, and products on tiles.
[[nodiscard]] const Int8Kernels& int8_kernels_amx();

} // namespace detect
