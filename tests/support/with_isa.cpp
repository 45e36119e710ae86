// SPDX-License-Identifier: Apache-2.0
// with_isa NAME PROGRAM [ARGUMENT …]: runs a program with DETECT_ISA=NAME; or says why there is no point, and ends with
// 77, which is a skipped test.
// with_isa --list NAME …: says which kernels run on this machine and which do not. An error if the names, which the
// tests are registered for, are not those of all instruction sets.

#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/isa.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

namespace {

using namespace detect;

constexpr int skipped = 77;

int list(std::vector<std::string_view> registered) {
    std::vector<std::string_view> known;
    for (const Isa isa : all_isas()) known.push_back(to_string(isa));
    std::ranges::sort(known);
    std::ranges::sort(registered);
    std::cout << "note: kernels that run here:";
    for (const Isa isa : available_isas()) std::cout << ' ' << to_string(isa);
    std::cout << "; of 8-bit networks:";
    for (const Int8Kernels* kernels : available_int8_kernels()) std::cout << ' ' << kernels->name;
    std::cout << "\nnote: kernels that this machine could not run:";
    const std::vector<std::string> unavailable = unavailable_kernels();
    for (const std::string& name : unavailable) std::cout << ' ' << name;
    std::cout << (unavailable.empty() ? " none\n" : "\n");
    if (known == registered) return EXIT_SUCCESS;
    std::cout << "the tests are registered for other instruction sets than executor/kernels/isa/registry.cpp has: see "
                 "executor/kernels/isa/CMakeLists.txt\n";
    return EXIT_FAILURE;
}

int run(const std::string& name, char** program) {
    const std::optional<Isa> isa = parse_isa(name);
    if (!isa) {
        std::cout << "no instruction set is called " << name << '\n';
        return EXIT_FAILURE;
    }
    if (std::ranges::find(available_isas(), *isa) == available_isas().end()) {
        std::cout << "skipped: this machine does not have " << name << '\n';
        return skipped;
    }
    if (*isa == detect_isa()) {
        std::cout << "skipped: " << name << " is what this machine takes anyway, in the tests without a suffix\n";
        return skipped;
    }
    ::setenv("DETECT_ISA", name.c_str(), 1);
    ::execv(*program, program);
    std::cout << "cannot run " << *program << '\n';
    return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (!arguments.empty() && arguments[0] == "--list") return list({arguments.begin() + 1, arguments.end()});
    if (arguments.size() < 2) {
        std::cout << "usage: with_isa NAME PROGRAM [ARGUMENT ...], or with_isa --list NAME ...\n";
        return EXIT_FAILURE;
    }
    return run(argv[1], argv + 2);
}
