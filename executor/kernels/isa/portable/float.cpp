// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/tables.h"

#include <utility>

namespace detect {

namespace {

#include "executor/kernels/isa/portable/simd.inl"

#include "executor/kernels/isa/generic/float.inl"

} // namespace

const KernelTable& kernel_table_portable() {
    static constexpr KernelTable table = make_table("portable");
    return table;
}

} // namespace detect
