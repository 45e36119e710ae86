// SPDX-License-Identifier: Apache-2.0
#include "results/claimed_file.h"

#include "base/atomic_file.h"
#include "base/regular_file.h"
#include "base/temporary.h"
#include "base/text.h"
#include "base/try.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect {

namespace fs = std::filesystem;

namespace {

fs::path with_ending(fs::path path, const std::string& ending) { return path += ending; }

/// Whether the name still stands for the open file: another program may have renamed or removed it meanwhile.
bool is_name_of(const fs::path& path, int descriptor) {
    struct stat named {};
    struct stat opened {};
    return ::lstat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

} // namespace

ClaimedFile::ClaimedFile(fs::path path, fs::path target)
    : path_(std::move(path)), target_(std::move(target)), part_(with_ending(target_, ".part")) {}

ClaimedFile::ClaimedFile(ClaimedFile&& other) noexcept
    : path_(std::move(other.path_)), target_(std::move(other.target_)), part_(std::move(other.part_)),
      descriptor_(std::exchange(other.descriptor_, -1)), has_left_(other.has_left_), begun_(other.begun_) {}

ClaimedFile::~ClaimedFile() { release(); }

Error ClaimedFile::cannot_write() const {
    const std::string reason = errno == EWOULDBLOCK ? "another program is writing it; wait for it, or give another file"
                                                    : std::generic_category().message(errno);
    return {ErrorCode::unwritable_output, printable_path(path_) + ": cannot be written: " + reason};
}

Error ClaimedFile::no_file_of_ours() const {
    return {ErrorCode::unwritable_output,
            printable_path(part_) + ": is no file that 'detect' left: remove it, or give another file"};
}

Result<ClaimedFile> ClaimedFile::claim(const fs::path& path) {
    ClaimedFile file(path, without_links(path));
    DETECT_TRY(file.lock());
    remove_left_temporaries(file.target_.parent_path(), file.target_);
    struct stat status {};
    file.has_left_ = ::fstat(file.descriptor_, &status) == 0 && status.st_size > 0;
    return file;
}

Result<void> ClaimedFile::lock() {
    // A name that went to another file between opening and locking is tried again. Whoever has it then made progress.
    constexpr int attempts = 100;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        // No link that somebody has planted there is followed, and no named pipe is waited for.
        constexpr int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        descriptor_ = ::open(part_.c_str(), flags, 0666);
        struct stat status {};
        const bool other = descriptor_ < 0 ? errno == ELOOP || errno == EISDIR || errno == ENXIO
                                           : ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode);
        if (other) {
            if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
            return no_file_of_ours();
        }
        if (descriptor_ < 0) return cannot_write();
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            const Error taken = cannot_write();
            ::close(std::exchange(descriptor_, -1));
            return taken;
        }
        if (is_name_of(part_, descriptor_)) return {};
        ::close(std::exchange(descriptor_, -1));
    }
    errno = EWOULDBLOCK;
    return cannot_write();
}

void ClaimedFile::release() {
    if (descriptor_ < 0) return;
    // Nothing in it: it was only the lock.
    if (!begun_ && !has_left_) ::unlink(part_.c_str());
    ::close(std::exchange(descriptor_, -1));
}

bool ClaimedFile::is_there() const {
    std::error_code code;
    return has_left_ || fs::exists(target_, code);
}

Result<WrittenText> ClaimedFile::read() const {
    DETECT_TRY_ASSIGN(const RegularFile file, RegularFile::of(descriptor_));
    return read_written(file);
}

Result<void> ClaimedFile::begin(std::string_view text) {
    Temporary made = make_temporary_file(target_);
    const int older = std::exchange(descriptor_, made.descriptor);
    Result<void> written;
    if (descriptor_ < 0) written = cannot_write();
    if (written) written = append(text);
    if (written && ::rename(made.name.c_str(), part_.c_str()) != 0) written = cannot_write();
    if (written) {
        begun_ = true;
        ::close(older); // only now: until here it was the lock
        return {};
    }
    if (descriptor_ >= 0) {
        ::unlink(made.name.c_str());
        ::close(descriptor_);
    }
    descriptor_ = older;
    return written;
}

Result<void> ClaimedFile::append(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor_, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return cannot_write();
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> ClaimedFile::commit() {
    if (descriptor_ < 0) return {};
    if (!begun_) {
        release();
        return {};
    }
    if (::fsync(descriptor_) != 0) return cannot_write();
    if (::rename(part_.c_str(), target_.c_str()) != 0) return cannot_write();
    if (::close(std::exchange(descriptor_, -1)) != 0) return cannot_write();
    return {};
}

} // namespace detect
