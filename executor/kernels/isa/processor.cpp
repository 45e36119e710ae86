// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/isa/processor.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace detect {

#if defined(__x86_64__)

namespace {

#if defined(__linux__)
/// The edx register of CPUID's leaf 7, where AMX is.
unsigned extended_features() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 ? 0 : edx;
}

constexpr unsigned amx_bf16 = 1U << 22U;
constexpr unsigned amx_tile = 1U << 24U;
constexpr unsigned amx_int8 = 1U << 25U;

/// The processor has such tiles, and Linux lets this process use them: it saves their 8 KiB only for those that asked.
/// It refuses if a thread's signal stack is too small for that.
bool may_use_tiles(unsigned of) {
    const unsigned wanted = amx_tile | of;
    if ((extended_features() & wanted) != wanted) return false;
    constexpr long request_permission = 0x1023; // ARCH_REQ_XCOMP_PERM
    constexpr long tile_data = 18;
    return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#else
constexpr unsigned amx_bf16 = 0;
constexpr unsigned amx_int8 = 0;

bool may_use_tiles(unsigned /*of*/) { return false; }
#endif

} // namespace

// __builtin_cpu_supports looks at CPUID and at what the operating system saves (XGETBV).

bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_avx512_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }

bool has_amx_bf16() { return has_avx512() && may_use_tiles(amx_bf16); }

bool has_amx_int8() { return has_avx512_vnni() && may_use_tiles(amx_int8); }

#endif

} // namespace detect
