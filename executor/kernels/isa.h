// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// An instruction set that kernels are written for: a row of the list in isa/registry.cpp, which says what a processor
/// must have for it and which of several is taken. Sets can be told apart, but none is more than another.
class Isa {
public:
    /// Plain C++; any processor.
    static const Isa portable;

    friend bool operator==(Isa, Isa) = default;

private:
    friend struct IsaRegistry;
    explicit constexpr Isa(std::uint8_t row) : row_(row) {}

    std::uint8_t row_;
};

/// The best instruction set that this program was built for and that processor and operating system support.
[[nodiscard]] Isa detect_isa();

/// All instruction sets that can run here, the best first: what tests and benchmarks go through.
[[nodiscard]] std::span<const Isa> available_isas();

/// All that this program was built for, in the same order.
[[nodiscard]] std::span<const Isa> all_isas();

/// What of this program's kernels cannot run here: names of instruction sets, and "NAME (int8)" for 8-bit kernels that
/// an instruction set of this machine does without. For tests to say what they left out.
[[nodiscard]] std::vector<std::string> unavailable_kernels();

/// By its name in the list, as in "avx2"; nullopt for anything else. Whether the machine has it is not looked at.
[[nodiscard]] std::optional<Isa> parse_isa(std::string_view name);

[[nodiscard]] std::string_view to_string(Isa isa);

/// The names for a message: "portable, avx2, avx512 or amx".
[[nodiscard]] std::string isa_choices();

} // namespace detect
