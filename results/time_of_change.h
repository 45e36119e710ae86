// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>

/// Which is older, a picture or what was written about it.
namespace detect {

/// A time as stat(2) gives it.
[[nodiscard]] std::filesystem::file_time_type file_time(const timespec& since_1970);

/// When what is found under this name last became what it is: written, or moved, copied or linked here, however old it
/// says to be. Nothing if there is no such file.
[[nodiscard]] std::optional<std::filesystem::file_time_type> time_of_change(const std::filesystem::path& path);

/// Whether the picture became what it is after `written`. Of one that is gone nobody knows: false.
[[nodiscard]] bool changed_after(const std::filesystem::path& picture, std::filesystem::file_time_type written);

/// Whether `file` is there, and was written after the picture became what it is.
[[nodiscard]] bool is_up_to_date(const std::filesystem::path& file, const std::filesystem::path& picture);

} // namespace detect
