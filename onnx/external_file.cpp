// SPDX-License-Identifier: Apache-2.0
#include "onnx/external_file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace detect {

namespace {

namespace fs = std::filesystem;

/// A pipe is not waited for, a terminal not made ours.
constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class Closed {
public:
    explicit Closed(int descriptor) : descriptor_(descriptor) {}
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;
    ~Closed() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const { return descriptor_; }
    void become(int descriptor) {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = descriptor;
    }
    [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

private:
    int descriptor_;
};

Error cannot_be_opened(const std::string& location, int number) {
    return {ErrorCode::unreadable_input, "external data '" + location + "' cannot be opened: " +
                                             std::error_code(number, std::generic_category()).message()};
}

Error lies_outside(const std::string& location) {
    return {ErrorCode::bad_model,
            "external data '" + location + "' lies outside the model's folder; put it beside the model, without links"};
}

int open_folder(const fs::path& folder) { return ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }

/// The system's own way, which nobody can get between. -1 and errno on failure.
int open_beneath(int folder, const std::string& location) {
    struct open_how how {};
    how.flags = open_flags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    constexpr int tries = 100; // EAGAIN: something was renamed meanwhile
    for (int i = 0; i < tries; ++i) {
        const long descriptor = ::syscall(SYS_openat2, folder, location.c_str(), &how, sizeof how);
        if (descriptor >= 0 || errno != EAGAIN) return static_cast<int>(descriptor);
    }
    return -1;
}

/// Kernels before 5.6 lack it, and a sandbox may forbid it.
bool is_missing(int number) { return number == ENOSYS || number == EPERM || number == E2BIG || number == EINVAL; }

} // namespace

ExternalFile::ExternalFile(ExternalFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), location_(std::move(other.location_)), size_(other.size_) {}

ExternalFile& ExternalFile::operator=(ExternalFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(location_, other.location_);
    std::swap(size_, other.size_);
    return *this;
}

ExternalFile::~ExternalFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<ExternalFile> ExternalFile::regular(int descriptor, const std::string& location) {
    ExternalFile file(descriptor, location);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return cannot_be_opened(location, errno);
    if (!S_ISREG(status.st_mode))
        return Error{ErrorCode::unreadable_input, "external data '" + location + "' is not a file"};
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    return file;
}

Result<ExternalFile> ExternalFile::open(const fs::path& folder, const std::string& location) {
    // A name ends at its first null character for the system: it would not be the one that was checked.
    if (location.find('\0') != std::string::npos) return cannot_be_opened(location, EINVAL);
    const Closed root(open_folder(folder));
    if (root.get() < 0) return cannot_be_opened(location, errno);
    const int descriptor = open_beneath(root.get(), location);
    if (descriptor >= 0) return regular(descriptor, location);
    if (is_missing(errno)) return open_step_by_step(folder, location);
    return errno == EXDEV ? lies_outside(location) : cannot_be_opened(location, errno);
}

Result<ExternalFile> ExternalFile::open_step_by_step(const fs::path& folder, const std::string& location) {
    const fs::path relative(location);
    if (relative.is_absolute() || relative.empty() || location.find('\0') != std::string::npos)
        return relative.is_absolute() ? lies_outside(location) : cannot_be_opened(location, EINVAL);
    std::vector<fs::path> parts;
    for (const fs::path& part : relative) {
        if (part == "..") return lies_outside(location);
        if (part != "." && !part.empty()) parts.push_back(part);
    }
    Closed at(open_folder(folder));
    if (at.get() < 0) return cannot_be_opened(location, errno);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        const int flags = (last ? open_flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW;
        const int next = ::openat(at.get(), parts[i].c_str(), flags);
        struct stat status {};
        if (next < 0 && ::fstatat(at.get(), parts[i].c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISLNK(status.st_mode)) {
            return lies_outside(location);
        }
        if (next < 0) return cannot_be_opened(location, errno);
        at.become(next);
    }
    return regular(at.release(), location);
}

Result<void> ExternalFile::read(std::uint64_t offset, std::span<std::byte> to) const {
    while (!to.empty()) {
        constexpr std::size_t at_once = std::size_t{1} << 30;
        const ssize_t count = ::pread(descriptor_, to.data(), std::min(to.size(), at_once), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            return Error{ErrorCode::unreadable_input, "external data '" + location_ + "' cannot be read" +
                                                          (count == 0 ? ": the file has changed meanwhile" : "")};
        offset += static_cast<std::uint64_t>(count);
        to = to.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

} // namespace detect
