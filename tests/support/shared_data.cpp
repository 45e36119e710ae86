// SPDX-License-Identifier: Apache-2.0
#include "tests/support/shared_data.h"

#include <cstdlib>

namespace detect::test {

std::optional<std::filesystem::path> shared_folder() {
    const char* const named = std::getenv("DETECT_SHARED_DIR");
    const std::filesystem::path folder = named != nullptr ? named : DETECT_SHARED_DIR;
    if (!std::filesystem::exists(folder / "weights")) return std::nullopt;
    return folder;
}

} // namespace detect::test
