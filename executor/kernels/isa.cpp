#include "executor/kernels/isa.h"

#include <array>
#include <cstddef>

namespace detect {

namespace {

constexpr std::array<Isa, 3> all_isas{Isa::portable, Isa::avx2, Isa::avx512};

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
    }
    return "unknown";
}

} // namespace detect
