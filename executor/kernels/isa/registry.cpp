// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/isa.h"
#include "executor/kernels/isa/processor.h"
#include "executor/kernels/isa/tables.h"
#include "executor/kernels/kernel_table.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace detect {

namespace {

bool anywhere() { return true; }

struct Int8Choice {
    std::string_view name;
    bool (*runs_here)() = nullptr;
    const Int8Kernels& (*kernels)() = nullptr;
};

struct InstructionSet {
    std::string_view name;
    /// Whether processor and operating system have it.
    bool (*runs_here)() = nullptr;
    /// Those of its own folder, or of another's that runs wherever this set does.
    const KernelTable& (*floats)() = nullptr;
    /// The first that runs here is taken. The last one runs wherever the set does.
    std::array<Int8Choice, 3> int8;
};

#if defined(__x86_64__)
constexpr Int8Choice int8_avx2{"avx2", has_avx2, int8_kernels_avx2};
constexpr Int8Choice int8_avx512{"avx512", has_avx512, int8_kernels_avx512};
constexpr Int8Choice int8_avx512_vnni{"avx512_vnni", has_avx512_vnni, int8_kernels_avx512_vnni};
constexpr Int8Choice int8_amx{"amx", has_amx_int8, int8_kernels_amx};
#endif
constexpr Int8Choice int8_portable{"portable", anywhere, int8_kernels_portable};

/// The one list of instruction sets, in the order in which they are preferred. Names are what DETECT_ISA takes.
constexpr InstructionSet instruction_sets[] = {
#if defined(__x86_64__)
    {"amx", has_amx_bf16, kernel_table_amx, {int8_amx, int8_avx512_vnni, int8_avx512}},
    {"avx512", has_avx512, kernel_table_avx512, {int8_avx512_vnni, int8_avx512}},
    {"avx2", has_avx2, kernel_table_avx2, {int8_avx2}},
#endif
    {"portable", anywhere, kernel_table_portable, {int8_portable}},
};

} // namespace

/// The list, and what of it this machine has: looked at once.
struct IsaRegistry {
    std::vector<Isa> all;
    std::vector<Isa> available;
    std::vector<std::string> unavailable;
    /// By row; null where the set cannot run.
    std::array<const Int8Kernels*, std::size(instruction_sets)> int8_of{};
    /// Each of them once, and those that they were preferred to.
    std::vector<const Int8Kernels*> int8;

    IsaRegistry();
    static const IsaRegistry& get() {
        static const IsaRegistry registry;
        return registry;
    }
    static const InstructionSet& row(Isa isa) { return instruction_sets[isa.row_]; }
    static constexpr Isa last() { return Isa(static_cast<std::uint8_t>(std::size(instruction_sets) - 1)); }
    [[nodiscard]] const Int8Kernels& int8_kernels(Isa isa) const { return *int8_of[isa.row_]; }

private:
    void look_at(const Int8Choice& choice, std::uint8_t row);
    void note_unavailable(std::string name) {
        if (std::ranges::find(unavailable, name) == unavailable.end()) unavailable.push_back(std::move(name));
    }
};

constexpr Isa Isa::portable = IsaRegistry::last();

IsaRegistry::IsaRegistry() {
    for (std::uint8_t row = 0; row < std::size(instruction_sets); ++row) {
        const InstructionSet& set = instruction_sets[row];
        all.push_back(Isa(row));
        if (!set.runs_here()) {
            note_unavailable(std::string(set.name));
            continue;
        }
        available.push_back(Isa(row));
        for (const Int8Choice& choice : set.int8) {
            if (choice.kernels != nullptr) look_at(choice, row);
        }
    }
}

void IsaRegistry::look_at(const Int8Choice& choice, std::uint8_t row) {
    // Of what cannot run here nothing may be called, not even the function that returns it.
    if (!choice.runs_here()) return note_unavailable(std::string(choice.name) + " (int8)");
    const Int8Kernels* const kernels = &choice.kernels();
    if (int8_of[row] == nullptr) int8_of[row] = kernels;
    if (std::ranges::find(int8, kernels) == int8.end()) int8.push_back(kernels);
}

Isa detect_isa() { return available_isas().front(); }

std::span<const Isa> available_isas() { return IsaRegistry::get().available; }

std::span<const Isa> all_isas() { return IsaRegistry::get().all; }

std::vector<std::string> unavailable_kernels() { return IsaRegistry::get().unavailable; }

std::optional<Isa> parse_isa(std::string_view name) {
    for (const Isa isa : all_isas()) {
        if (to_string(isa) == name) return isa;
    }
    return std::nullopt;
}

std::string_view to_string(Isa isa) { return IsaRegistry::row(isa).name; }

std::string isa_choices() {
    std::string text;
    for (std::size_t i = std::size(instruction_sets); i-- > 0;) {
        text += instruction_sets[i].name;
        if (i > 0) text += i == 1 ? " or " : ", ";
    }
    return text;
}

const KernelTable& kernel_table(Isa isa) { return IsaRegistry::row(isa).floats(); }

const Int8Kernels& int8_kernels(Isa isa) { return IsaRegistry::get().int8_kernels(isa); }

std::span<const Int8Kernels* const> available_int8_kernels() { return IsaRegistry::get().int8; }

} // namespace detect
