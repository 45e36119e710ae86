// SPDX-License-Identifier: Apache-2.0
#include "cli/npy_file.h"
#include "fuzz/memory_file.h"
#include "fuzz/targets.h"

void detect::fuzz::npy(Bytes input) {
    const MemoryFile file(input);
    const auto tensor = cli::read_npy(file.path());
    if (value_of(tensor) == nullptr) return;
    require(tensor->bytes().size() <= input.size() * 8, "an array is no larger than its file");
}
