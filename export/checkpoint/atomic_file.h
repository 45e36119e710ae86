#pragma once

#include "detect/error.h"

#include <cstddef>
#include <filesystem>
#include <span>

namespace detect {

/// A file that appears under its name only when it is complete: written beside it under a temporary name, and renamed
/// by `commit`. Without a commit the temporary file is removed and whatever had the name before is untouched.
/// Errors are `unwritable_output` and name the file.
class AtomicFile {
public:
    static Result<AtomicFile> create(const std::filesystem::path& path);

    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    /// Where the bytes are until `commit`.
    [[nodiscard]] const std::filesystem::path& temporary_path() const { return temporary_; }
    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
    /// The file is on disk under its name when this returns. Nothing may be written afterwards.
    [[nodiscard]] Result<void> commit();

private:
    AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor);

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    int descriptor_;
};

} // namespace detect
