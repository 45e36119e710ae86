// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/regular_file.h"

#include <filesystem>
#include <optional>
#include <string>

namespace detect {

/// The text of a file, and when it was written.
struct WrittenText {
    std::string text;
    std::filesystem::file_time_type written;
};

[[nodiscard]] Result<WrittenText> read_written(const RegularFile& file);

/// Of a file of results; nothing if there is none. `unreadable_input` without the file's name if it cannot be read.
[[nodiscard]] Result<std::optional<WrittenText>> read_written(const std::filesystem::path& file);

} // namespace detect
