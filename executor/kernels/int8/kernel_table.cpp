// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/kernel_table.h"

#include "executor/kernels/isa/int8_tables.h"

#include <array>

namespace detect {

const Int8Kernels& int8_kernels([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    const bool dots = has_byte_dot_products();
    if (isa == Isa::amx && dots && has_byte_tiles()) return int8_kernels_amx();
    if (isa >= Isa::avx512) return dots ? int8_kernels_avx512_vnni() : int8_kernels_avx512();
    if (isa == Isa::avx2) return int8_kernels_avx2();
#endif
    return int8_kernels_portable();
}

std::span<const Int8Kernels* const> available_int8_kernels() {
    struct List {
        std::array<const Int8Kernels*, 5> kernels{};
        std::size_t count = 0;

        List() {
            for (const Isa isa : available_isas()) {
#if defined(__x86_64__)
                // What VNNI replaces.
                if (isa == Isa::avx512 && has_byte_dot_products()) kernels[count++] = &int8_kernels_avx512();
#endif
                const Int8Kernels* const best = &int8_kernels(isa);
                if (count == 0 || kernels[count - 1] != best) kernels[count++] = best;
            }
        }
    };
    static const List list;
    return std::span(list.kernels).first(list.count);
}

} // namespace detect
