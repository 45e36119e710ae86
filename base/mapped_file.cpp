// SPDX-License-Identifier: Apache-2.0
#include "base/mapped_file.h"

#include "base/text.h"

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

class FileDescriptor {
public:
    explicit FileDescriptor(int value) : value_(value) {}
    ~FileDescriptor() {
        if (value_ >= 0) ::close(value_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    [[nodiscard]] int get() const { return value_; }

private:
    int value_;
};

Error unreadable(const std::filesystem::path& path, const std::string& cause) {
    return {ErrorCode::unreadable_input, printable_path(path) + ": " + cause};
}

std::string system_message(int code) { return std::generic_category().message(code); }

} // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) {
        if (errno == ENOENT) return unreadable(path, "there is no such file");
        return unreadable(path, "cannot be opened: " + system_message(errno));
    }
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return unreadable(path, "cannot be read: " + system_message(errno));
    if (S_ISDIR(status.st_mode)) return unreadable(path, "is a directory; give the file itself");
    if (!S_ISREG(status.st_mode)) return unreadable(path, "is not a regular file; save the data to a file first");
    if (status.st_size == 0) return unreadable(path, "the file is empty");

    const auto size = static_cast<std::size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (memory == MAP_FAILED) return unreadable(path, "cannot be mapped into memory: " + system_message(errno));
    return MappedFile({static_cast<const std::byte*>(memory), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

MappedFile::~MappedFile() {
    // munmap takes a pointer to non-const, but does not write.
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

} // namespace detect
