// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace detect::cli {

/// Whether the kernel sees each change to files of the file system that holds this folder. Of network drives, FUSE
/// mounts and overlays it sees only what is done through this mount on this machine; of a file system that is not known
/// here, nobody can tell: false.
[[nodiscard]] bool kernel_sees_all_changes(const std::filesystem::path& folder);

} // namespace detect::cli
