// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

namespace detect::test {

/// The folder with the trained checkpoint (weights/) and the pictures (deeppcb/) that are not part of the project: the
/// environment variable DETECT_SHARED_DIR, or what CMake was told. Nothing if it is not there: tests skip then.
[[nodiscard]] std::optional<std::filesystem::path> shared_folder();

} // namespace detect::test
