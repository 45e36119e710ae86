// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace detect {

/// A file that appears under its name only when it is complete, by `commit`. Until then it has no name where the file
/// system can do that (O_TMPFILE), so that nothing remains of it even if the program is killed; elsewhere a temporary
/// one beside it. Without a commit it is removed and whatever had the name before is untouched. A symbolic link stays
/// one: the file it leads to is replaced. Errors are `unwritable_output` and name the file.
class AtomicFile {
public:
    /// Refuses what is there and is not a regular file.
    static Result<AtomicFile> create(const std::filesystem::path& path);

    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    /// Where the bytes can be read until `commit`, by this process.
    [[nodiscard]] const std::filesystem::path& temporary_path() const { return temporary_; }
    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
    enum class Sync { disk, none };
    /// The file is under its name when this returns, and on disk unless that need not be waited for. Nothing may be
    /// written afterwards.
    [[nodiscard]] Result<void> commit(Sync sync = Sync::disk);

private:
    AtomicFile(std::filesystem::path path, std::filesystem::path target, std::filesystem::path temporary, bool has_name,
               int descriptor);
    [[nodiscard]] bool link_to(const std::filesystem::path& name) const;
    Result<void> give_name();

    /// As it was asked for, and without links.
    std::filesystem::path path_;
    std::filesystem::path target_;
    std::filesystem::path temporary_;
    bool has_name_;
    int descriptor_;
};

/// Where symbolic links lead, which may be to what is yet to be written. Circles end.
[[nodiscard]] std::filesystem::path without_links(std::filesystem::path path);

/// Writes a file as a whole, with the same care.
Result<void> write_file(const std::filesystem::path& path, std::string_view text);

} // namespace detect
