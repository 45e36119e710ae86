// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <limits>
#include <span>
#include <string>

namespace detect {

/// A file that is open for reading, checked after it was opened: a regular file and nothing else. A named pipe, a
/// socket or a device is refused without waiting for it, whatever took the place of the file meanwhile. Errors are
/// `unreadable_input` and say what is wrong, without the file's name.
class RegularFile {
public:
    [[nodiscard]] static Result<RegularFile> open(const std::filesystem::path& path);

    /// What is open already, by a descriptor of its own.
    [[nodiscard]] static Result<RegularFile> of(int descriptor);

    RegularFile(RegularFile&& other) noexcept;
    RegularFile& operator=(RegularFile&&) = delete;
    RegularFile(const RegularFile&) = delete;
    RegularFile& operator=(const RegularFile&) = delete;
    ~RegularFile();

    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// In bytes, and when it was written last; as of when it was opened.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] timespec written() const { return written_; }
    /// As many bytes as there are, up to the span's.
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> target) const;
    /// At most so many bytes of its beginning.
    [[nodiscard]] Result<std::string> text(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;

private:
    explicit RegularFile(int descriptor) : descriptor_(descriptor) {}
    static Result<RegularFile> check(int descriptor);

    int descriptor_;
    std::uint64_t size_ = 0;
    timespec written_ = {};
};

/// open(2) for reading that waits for no named pipe: its descriptor, or -1 and errno. What is open may be anything.
[[nodiscard]] int open_for_reading(const std::filesystem::path& path);

/// At most so many bytes of a file's beginning; empty if it cannot be read.
[[nodiscard]] std::string beginning_of_file(const std::filesystem::path& path, std::uint64_t most);

} // namespace detect
