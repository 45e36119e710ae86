// SPDX-License-Identifier: Apache-2.0
// One target as a program of libFuzzer's. DETECT_FUZZ_TARGET is the target's name.
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    detect::fuzz::DETECT_FUZZ_TARGET({reinterpret_cast<const std::byte*>(data), size});
    return 0;
}
