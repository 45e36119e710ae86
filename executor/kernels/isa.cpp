// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa.h"

#include <array>
#include <cstddef>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace detect {

namespace {

constexpr std::array<Isa, 4> all_isas{Isa::portable, Isa::avx2, Isa::avx512, Isa::amx};

#if defined(__x86_64__) && defined(__linux__)
/// The edx register of CPUID's leaf 7, where AMX is.
unsigned extended_features() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 ? 0 : edx;
}

/// The processor has tiles of bfloat16, and Linux lets this process use them: it saves their 8 KiB only for those that
/// asked. It refuses if a thread's signal stack is too small for that.
bool may_use_tiles() {
    constexpr unsigned amx_bf16_and_tile = (1U << 22U) | (1U << 24U);
    if ((extended_features() & amx_bf16_and_tile) != amx_bf16_and_tile) return false;
    constexpr long request_permission = 0x1023; // ARCH_REQ_XCOMP_PERM
    constexpr long tile_data = 18;
    return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#else
[[maybe_unused]] bool may_use_tiles() { return false; }
#endif

// __builtin_cpu_supports looks at CPUID and at what the operating system saves (XGETBV).
bool has_isa([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    switch (isa) {
    case Isa::portable: return true;
    case Isa::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::avx512:
        return has_isa(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::amx: return has_isa(Isa::avx512) && may_use_tiles();
    }
    return false;
#else
    return isa == Isa::portable;
#endif
}

std::size_t count_available() {
    std::size_t count = 0;
    while (count < all_isas.size() && has_isa(all_isas[count])) ++count;
    return count;
}

} // namespace

std::span<const Isa> available_isas() {
    static const std::size_t count = count_available();
    return std::span(all_isas).first(count);
}

Isa detect_isa() { return available_isas().back(); }

bool has_byte_dot_products() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

bool has_byte_tiles() {
#if defined(__x86_64__) && defined(__linux__)
    constexpr unsigned amx_int8 = 1U << 25U;
    return (extended_features() & amx_int8) != 0;
#else
    return false;
#endif
}

std::optional<Isa> parse_isa(std::string_view name) {
    for (const Isa isa : all_isas) {
        if (to_string(isa) == name) return isa;
    }
    return std::nullopt;
}

std::string_view to_string(Isa isa) {
    switch (isa) {
    case Isa::portable: return "portable";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
    case Isa::amx: return "amx";
    }
    return "unknown";
}

} // namespace detect
