// SPDX-License-Identifier: Apache-2.0
#include "base/regular_file.h"

#include "base/try.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect {

namespace {

Error no_regular_file(std::string what) { return {ErrorCode::unreadable_input, std::move(what)}; }

Error failed_to_read() {
    if (errno == ENOENT || errno == ENOTDIR) return no_regular_file("no such file");
    if (errno == ENXIO) return no_regular_file("is a socket, not a file");
    return no_regular_file(std::generic_category().message(errno));
}

const char* what_else(mode_t mode) {
    if (S_ISDIR(mode)) return "is a folder; give the file itself";
    if (S_ISFIFO(mode)) return "is a pipe, not a file; save what it gives to a file first";
    return "is a device, not a file";
}

} // namespace

/// Opening a named pipe without O_NONBLOCK waits for a writer. With it, a file that another program holds a lease on
/// (a file server does) cannot be opened, where one could wait until it gives it back. Then the file is looked at
/// first, and opened by what was looked at.
int open_for_reading(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor >= 0 || errno != EWOULDBLOCK) return descriptor;
    const int place = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (place < 0) return place;
    struct stat status {};
    int opened = -1;
    errno = EWOULDBLOCK;
    if (::fstat(place, &status) == 0 && S_ISREG(status.st_mode))
        opened = ::open(("/proc/self/fd/" + std::to_string(place)).c_str(), O_RDONLY | O_CLOEXEC);
    const int failure = errno;
    ::close(place);
    errno = failure;
    return opened;
}

Result<RegularFile> RegularFile::check(int descriptor) {
    if (descriptor < 0) return failed_to_read();
    RegularFile file(descriptor);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return failed_to_read();
    if (!S_ISREG(status.st_mode)) return no_regular_file(what_else(status.st_mode));
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    file.written_ = status.st_mtim;
    return file;
}

Result<RegularFile> RegularFile::open(const std::filesystem::path& path) { return check(open_for_reading(path)); }

Result<RegularFile> RegularFile::of(int descriptor) { return check(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)); }

RegularFile::RegularFile(RegularFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), written_(other.written_) {}

RegularFile::~RegularFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> RegularFile::read_at(std::uint64_t offset, std::span<std::byte> target) const {
    std::size_t done = 0;
    while (done < target.size() && offset <= INT64_MAX - done) {
        const ssize_t count =
            ::pread(descriptor_, target.data() + done, target.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed_to_read();
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

/// It may grow while it is read, and one of the kernel's own says that it has no size.
Result<std::string> RegularFile::text(std::uint64_t most) const {
    constexpr std::uint64_t step = 1U << 26U;
    std::string text;
    while (text.size() < most) {
        const std::size_t before = text.size();
        const std::uint64_t expected = size_ > before ? size_ - before : 0;
        const std::uint64_t room = std::min({most - before, expected + 1, step});
        text.resize(before + static_cast<std::size_t>(room));
        DETECT_TRY_ASSIGN(const std::size_t count,
                          read_at(before, std::as_writable_bytes(std::span(text).subspan(before))));
        text.resize(before + count);
        if (count < room) break;
    }
    return text;
}

std::string beginning_of_file(const std::filesystem::path& path, std::uint64_t most) {
    const auto file = RegularFile::open(path);
    if (!file) return {};
    auto text = file->text(most);
    return text ? *std::move(text) : std::string();
}

} // namespace detect
