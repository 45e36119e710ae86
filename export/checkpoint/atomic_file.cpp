#include "export/checkpoint/atomic_file.h"

#include "export/checkpoint/printable.h"
#include "graph/try.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect {

namespace {

Error cannot_write(const std::filesystem::path& path) {
    return {ErrorCode::unwritable_output,
            printable_path(path) + ": cannot be written: " + std::generic_category().message(errno)};
}

} // namespace

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
    constexpr int attempts = 100; // names left behind by a process that was killed
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        errno = EISDIR;
        return cannot_write(path);
    }
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::filesystem::path temporary = path;
        temporary += ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
        const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) return AtomicFile(path, std::move(temporary), descriptor);
        if (errno != EEXIST) break;
    }
    return cannot_write(path);
}

AtomicFile::AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return cannot_write(path_);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> AtomicFile::commit() {
    if (::fsync(descriptor_) != 0) return cannot_write(path_);
    if (::close(std::exchange(descriptor_, -1)) != 0) return cannot_write(path_);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return cannot_write(path_);
    temporary_.clear();
    return {};
}

} // namespace detect
