// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernel_table.h"

/// One per source that is compiled with an instruction set's own flags. Such a source calls nothing that is defined
/// inline elsewhere: the linker might keep its copy, full of instructions that other processors lack.
namespace detect {

[[nodiscard]] const KernelTable& kernel_table_portable();
[[nodiscard]] const KernelTable& kernel_table_avx2();
[[nodiscard]] const KernelTable& kernel_table_avx512();
/// AVX-512's, and products on tiles.
[[nodiscard]] const KernelTable& kernel_table_amx();

} // namespace detect
