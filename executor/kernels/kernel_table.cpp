// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

namespace detect {

const KernelTable& kernel_table([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    if (isa == Isa::amx) return kernel_table_amx();
    if (isa == Isa::avx512) return kernel_table_avx512();
    if (isa == Isa::avx2) return kernel_table_avx2();
#endif
    return kernel_table_portable();
}

} // namespace detect
