// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/regular_file.h"
#include "detect/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace detect {

/// What a file held when it was read, in memory of our own: nothing that happens to the file later can change it or
/// end the program, as it could if the file were mapped. Holes of a sparse file take no memory.
class FileBytes {
public:
    FileBytes() = default;
    FileBytes(FileBytes&& other) noexcept;
    FileBytes& operator=(FileBytes&& other) noexcept;
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;
    ~FileBytes();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }

private:
    friend class InputFile;
    explicit FileBytes(std::span<std::byte> bytes) : bytes_(bytes) {}

    std::span<std::byte> bytes_;
};

/// A regular file (see regular_file.h) with its name. It is read by position, so that a file which is cut short
/// meanwhile gives an error. Errors are `unreadable_input` and name the file.
class InputFile {
public:
    /// Fails for anything but a regular file that may be read; never waits for the other end of a pipe.
    static Result<InputFile> open(const std::filesystem::path& path);

    /// When it was opened.
    [[nodiscard]] std::uint64_t size() const { return file_.size(); }
    /// All of `target`, or an error.
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> target) const;
    /// As much as there was when it was opened; `resource_limit` for more bytes than `most`.
    [[nodiscard]] Result<FileBytes> read_all(std::uint64_t most) const;

private:
    InputFile(std::filesystem::path path, RegularFile file) : path_(std::move(path)), file_(std::move(file)) {}
    [[nodiscard]] Result<void> read_data(std::span<std::byte> target) const;

    std::filesystem::path path_;
    RegularFile file_;
};

} // namespace detect
