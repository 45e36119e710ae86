// SPDX-License-Identifier: Apache-2.0
#include "base/atomic_file.h"

#include "base/temporary.h"
#include "base/text.h"
#include "base/try.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect {

namespace {

constexpr int attempts = 100; // nobody guesses even one of the names

Error cannot_write(const std::filesystem::path& path, const std::string& why) {
    return {ErrorCode::unwritable_output, printable_path(path) + ": cannot be written: " + why};
}

Error cannot_write(const std::filesystem::path& path) {
    return cannot_write(path, std::generic_category().message(errno));
}

std::filesystem::path path_of(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

/// A file without a name in the folder of `target`, locked as one with a temporary name is; -1 if there cannot be one.
int open_nameless(const std::filesystem::path& target) {
    const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
    const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0) return descriptor;
    if (::access(path_of(descriptor).c_str(), F_OK) == 0 && lock_temporary(descriptor)) return descriptor;
    ::close(descriptor); // no /proc to give it a name by
    return -1;
}

} // namespace

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    if (std::filesystem::is_directory(status)) {
        errno = EISDIR;
        return cannot_write(path);
    }
    if (code && code != std::errc::no_such_file_or_directory) return cannot_write(path, code.message());
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        return cannot_write(path, "is not a regular file");
    }
    std::filesystem::path target = without_links(path);
    if (const int descriptor = open_nameless(target); descriptor >= 0) {
        return AtomicFile(path, std::move(target), path_of(descriptor), false, descriptor);
    }
    if (Temporary made = make_temporary_file(target); made.descriptor >= 0)
        return AtomicFile(path, std::move(target), std::move(made.name), true, made.descriptor);
    return cannot_write(path);
}

AtomicFile::AtomicFile(std::filesystem::path path, std::filesystem::path target, std::filesystem::path temporary,
                       bool has_name, int descriptor)
    : path_(std::move(path)), target_(std::move(target)), temporary_(std::move(temporary)), has_name_(has_name),
      descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), target_(std::move(other.target_)), temporary_(std::move(other.temporary_)),
      has_name_(std::exchange(other.has_name_, false)), descriptor_(std::exchange(other.descriptor_, -1)) {}

AtomicFile::~AtomicFile() {
    if (has_name_) ::unlink(temporary_.c_str());
    if (descriptor_ >= 0) ::close(descriptor_);
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

bool AtomicFile::link_to(const std::filesystem::path& name) const {
    return ::linkat(AT_FDCWD, temporary_.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

/// Where nothing stands in its place, the file gets its own name at once. No call replaces a file by one without a
/// name: it gets a temporary one first.
Result<void> AtomicFile::give_name() {
    if (link_to(target_)) return {};
    for (int attempt = 0; errno == EEXIST && attempt < attempts; ++attempt) {
        std::filesystem::path name = temporary_name(target_);
        if (!link_to(name)) continue;
        temporary_ = std::move(name);
        has_name_ = true;
        return {};
    }
    return cannot_write(path_);
}

Result<void> AtomicFile::commit(Sync sync) {
    if (sync == Sync::disk && ::fsync(descriptor_) != 0) return cannot_write(path_);
    // A network drive may say only now that there is no room. The lock stays until the file has its own name.
    const int duplicate = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0 || ::close(duplicate) != 0) return cannot_write(path_);
    if (!has_name_) DETECT_TRY(give_name());
    if (has_name_ && ::rename(temporary_.c_str(), target_.c_str()) != 0) return cannot_write(path_);
    has_name_ = false;
    ::close(std::exchange(descriptor_, -1));
    return {};
}

std::filesystem::path without_links(std::filesystem::path path) {
    constexpr int most_links = 40; // as Linux has it
    std::error_code code;
    for (int i = 0; i < most_links && std::filesystem::is_symlink(path, code); ++i)
        path = path.parent_path() / std::filesystem::read_symlink(path, code);
    return path;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
    DETECT_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path));
    DETECT_TRY(file.write(std::as_bytes(std::span(text))));
    return file.commit();
}

} // namespace detect
