// SPDX-License-Identifier: Apache-2.0
#include "base/input_file.h"

#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect {

namespace {

Error unreadable(const std::filesystem::path& path, const std::string& cause) {
    return {ErrorCode::unreadable_input, printable_path(path) + ": " + cause};
}

std::string system_message(int code) { return std::generic_category().message(code); }

} // namespace

FileBytes::FileBytes(FileBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

FileBytes::~FileBytes() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

InputFile::InputFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

InputFile::~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    InputFile file(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.descriptor_ < 0) {
        if (errno == ENOENT) return unreadable(path, "there is no such file");
        return unreadable(path, "cannot be opened: " + system_message(errno));
    }
    struct stat status {};
    if (::fstat(file.descriptor_, &status) != 0) return unreadable(path, "cannot be read: " + system_message(errno));
    if (S_ISDIR(status.st_mode)) return unreadable(path, "is a directory; give the file itself");
    if (!S_ISREG(status.st_mode)) return unreadable(path, "is not a regular file; save the data to a file first");
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    return file;
}

Result<void> InputFile::read(std::uint64_t offset, std::span<std::byte> target) const {
    while (!target.empty()) {
        const ssize_t count =
            offset > INT64_MAX ? 0 : ::pread(descriptor_, target.data(), target.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(path_, "cannot be read: " + system_message(errno));
        if (count == 0) {
            return unreadable(path_, "was cut short while it was read; see that whatever writes it is done, and try "
                                     "again");
        }
        target = target.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

/// `target` is zero, so what lies in holes need not be written: its pages are never taken.
Result<void> InputFile::read_data(std::span<std::byte> target) const {
    std::uint64_t begin = 0;
    while (begin < target.size()) {
        const off_t data = ::lseek(descriptor_, static_cast<off_t>(begin), SEEK_DATA);
        if (data < 0 && errno == ENXIO) break; // a hole up to the end; or the end is no longer there: read() tells
        // A file system that knows no holes has data throughout.
        begin = data < 0 ? begin : static_cast<std::uint64_t>(data);
        const off_t hole = data < 0 ? -1 : ::lseek(descriptor_, data, SEEK_HOLE);
        const std::uint64_t end = hole < 0 ? target.size() : static_cast<std::uint64_t>(hole);
        if (begin >= target.size()) break;
        const auto count = std::min<std::uint64_t>(end, target.size()) - begin;
        DETECT_TRY(read(begin, target.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count))));
        begin += count;
    }
    std::byte last{};
    return target.empty() ? Result<void>() : read(target.size() - 1, {&last, 1});
}

Result<FileBytes> InputFile::read_all(std::uint64_t most) const {
    if (size_ > most) {
        return Error{ErrorCode::resource_limit, printable_path(path_) + ": has " + std::to_string(size_) +
                                                    " bytes; the limit for a file of this kind is " +
                                                    std::to_string(most)};
    }
    if (size_ == 0) return FileBytes();
    const auto size = static_cast<std::size_t>(size_);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return Error{ErrorCode::resource_limit, printable_path(path_) + ": there is not enough memory to read its " +
                                                    std::to_string(size_) + " bytes"};
    }
    FileBytes contents({static_cast<std::byte*>(memory), size});
    DETECT_TRY(read_data(contents.bytes_));
    return contents;
}

} // namespace detect
