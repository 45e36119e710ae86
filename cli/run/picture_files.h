// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

namespace detect::cli {

/// Whether a file in a folder is taken for a picture: by its extension, and not if it is hidden.
[[nodiscard]] bool is_picture_name(const std::filesystem::path& path);

/// The pictures in a folder, sorted by name; with `recursive`, also below it (links to folders are not followed).
/// Folders in `left_out` (as `weakly_canonical` spells them) are not entered.
[[nodiscard]] std::vector<std::filesystem::path> pictures_in(const std::filesystem::path& folder, bool recursive,
                                                             const std::vector<std::filesystem::path>& left_out = {});

/// One spelling for a file or folder, absolute, links resolved, whether it exists or not.
[[nodiscard]] std::filesystem::path resolved(const std::filesystem::path& path);

} // namespace detect::cli
