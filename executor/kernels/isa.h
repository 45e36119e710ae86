// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace detect {

/// The instruction sets that kernels are written for, from least to most.
enum class Isa {
    /// Four lanes in plain C++; any processor. Multiply and add round separately.
    portable,
    /// x86-64 with AVX2 and FMA.
    avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL. Gives the same bits as `avx2`.
    avx512,
    /// `avx512` with AMX's bfloat16 tiles: large products are computed from floats split into three parts, as exactly
    /// as
    /// the other instruction sets do it but not to the same bit.
    amx,
};

/// The best instruction set that this program was built for and that processor and operating system support.
[[nodiscard]] Isa detect_isa();

/// All instruction sets that can run here, from least to most: what tests and benchmarks go through.
[[nodiscard]] std::span<const Isa> available_isas();

/// Whether the processor multiplies bytes with AVX-512 (VNNI), or on AMX's tiles: of use where the instruction set
/// itself is available.
[[nodiscard]] bool has_byte_dot_products();
[[nodiscard]] bool has_byte_tiles();

/// "portable", "avx2", "avx512" or "amx"; nullopt for anything else. Whether the machine has it is not looked at.
[[nodiscard]] std::optional<Isa> parse_isa(std::string_view name);

[[nodiscard]] std::string_view to_string(Isa isa);

} // namespace detect
