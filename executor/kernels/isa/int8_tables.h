// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/kernel_table.h"

/// As tables.h: one per source that is compiled with an instruction set's own flags.
namespace detect {

[[nodiscard]] const Int8Kernels& int8_kernels_portable();
[[nodiscard]] const Int8Kernels& int8_kernels_avx2();
/// Products by way of 16 bits.
[[nodiscard]] const Int8Kernels& int8_kernels_avx512();
[[nodiscard]] const Int8Kernels& int8_kernels_avx512_vnni();
/// AVX-512 VNNI's, and products on tiles.
[[nodiscard]] const Int8Kernels& int8_kernels_amx();

} // namespace detect
