// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/isa.h"

#include <cstdlib>

namespace detect::test {

/// The instruction set that DETECT_ISA asks for, as detectors take it; the machine's best without. What depends on the
/// kernels is tested once with each (detect_test's PER_ISA).
[[nodiscard]] inline Isa isa_under_test() {
    const char* const wanted = std::getenv("DETECT_ISA");
    return wanted == nullptr ? detect_isa() : parse_isa(wanted).value();
}

} // namespace detect::test
