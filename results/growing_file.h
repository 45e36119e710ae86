// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <filesystem>
#include <string_view>

namespace detect {

/// A file that grows entry by entry under a temporary name, `NAME.part`, so that what was done survives even if the
/// program is killed, and gets its name when it is complete. Only one program at a time may write it.
/// Errors are `unwritable_output` and name the file.
class GrowingFile {
public:
    /// Begins with `text`. What a killed program left under the temporary name is replaced.
    static Result<GrowingFile> create(const std::filesystem::path& path, std::string_view text);
    [[nodiscard]] static std::filesystem::path temporary_path(const std::filesystem::path& path);

    GrowingFile(GrowingFile&& other) noexcept;
    GrowingFile& operator=(GrowingFile&&) = delete;
    /// What has been written stays under the temporary name, unless it was committed.
    ~GrowingFile();

    Result<void> append(std::string_view text);
    Result<void> commit();

private:
    GrowingFile(std::filesystem::path path, int descriptor);

    std::filesystem::path path_;
    int descriptor_;
};

} // namespace detect
