// SPDX-License-Identifier: Apache-2.0
#include "base/input_file.h"

#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace detect {

namespace {

Error unreadable(const std::filesystem::path& path, const std::string& cause) {
    return {ErrorCode::unreadable_input, printable_path(path) + ": " + cause};
}

} // namespace

FileBytes::FileBytes(FileBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

FileBytes::~FileBytes() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
    auto file = RegularFile::open(path);
    if (!file) return unreadable(path, file.error().message);
    return InputFile(path, *std::move(file));
}

Result<void> InputFile::read(std::uint64_t offset, std::span<std::byte> target) const {
    const auto count = file_.read_at(offset, target);
    if (!count) return unreadable(path_, count.error().message);
    if (*count < target.size()) {
        return unreadable(path_, "was cut short while it was read; see that whatever writes it is done, and try again");
    }
    return {};
}

/// `target` is zero, so what lies in holes need not be written: its pages are never taken.
Result<void> InputFile::read_data(std::span<std::byte> target) const {
    std::uint64_t begin = 0;
    while (begin < target.size()) {
        const off_t data = ::lseek(file_.descriptor(), static_cast<off_t>(begin), SEEK_DATA);
        if (data < 0 && errno == ENXIO) break; // a hole up to the end; or the end is no longer there: read() tells
        // A file system that knows no holes has data throughout.
        begin = data < 0 ? begin : static_cast<std::uint64_t>(data);
        const off_t hole = data < 0 ? -1 : ::lseek(file_.descriptor(), data, SEEK_HOLE);
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
    if (size() > most) {
        return Error{ErrorCode::resource_limit, printable_path(path_) + ": has " + std::to_string(size()) +
                                                    " bytes; the limit for a file of this kind is " +
                                                    std::to_string(most)};
    }
    if (size() == 0) return FileBytes();
    const auto bytes = static_cast<std::size_t>(size());
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return Error{ErrorCode::resource_limit, printable_path(path_) + ": there is not enough memory to read its " +
                                                    std::to_string(size()) + " bytes"};
    }
    FileBytes contents({static_cast<std::byte*>(memory), bytes});
    DETECT_TRY(read_data(contents.bytes_));
    return contents;
}

} // namespace detect
