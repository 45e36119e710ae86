// SPDX-License-Identifier: Apache-2.0
#include "results/growing_file.h"

#include "base/try.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect {

namespace {

Error cannot_write(const std::filesystem::path& path) {
    const std::string reason =
        errno == EWOULDBLOCK ? "another program is writing it" : std::generic_category().message(errno);
    return {ErrorCode::unwritable_output, path.string() + ": cannot be written: " + reason};
}

} // namespace

GrowingFile::GrowingFile(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

GrowingFile::GrowingFile(GrowingFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

GrowingFile::~GrowingFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::filesystem::path GrowingFile::temporary_path(const std::filesystem::path& path) {
    std::filesystem::path temporary = path;
    return temporary += ".part";
}

Result<GrowingFile> GrowingFile::create(const std::filesystem::path& path, std::string_view text) {
    // The new beginning is complete before it takes the place of an older one.
    const std::filesystem::path temporary = temporary_path(path);
    std::filesystem::path beginning = temporary;
    beginning += std::to_string(::getpid());
    const int older = ::open(temporary.c_str(), O_RDWR | O_CLOEXEC);
    const bool taken = older >= 0 && ::flock(older, LOCK_EX | LOCK_NB) != 0;
    if (older >= 0) ::close(older);
    if (taken) {
        errno = EWOULDBLOCK;
        return cannot_write(path);
    }
    GrowingFile file(path, ::open(beginning.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.descriptor_ < 0 || ::flock(file.descriptor_, LOCK_EX | LOCK_NB) != 0) return cannot_write(path);
    auto written = file.append(text);
    if (written && ::rename(beginning.c_str(), temporary.c_str()) != 0) written = cannot_write(path);
    if (!written) {
        ::unlink(beginning.c_str());
        return std::move(written).error();
    }
    return file;
}

Result<void> GrowingFile::append(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor_, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return cannot_write(path_);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> GrowingFile::commit() {
    if (::fsync(descriptor_) != 0) return cannot_write(path_);
    if (::rename(temporary_path(path_).c_str(), path_.c_str()) != 0) return cannot_write(path_);
    if (::close(std::exchange(descriptor_, -1)) != 0) return cannot_write(path_);
    return {};
}

} // namespace detect
