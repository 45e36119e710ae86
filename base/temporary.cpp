// SPDX-License-Identifier: Apache-2.0
#include "base/temporary.h"

#include "base/file_names.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace detect {

namespace fs = std::filesystem;

namespace {

constexpr int most_names = 100; // nobody guesses even one
constexpr std::size_t random_digits = 16;

struct FolderCloser {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

/// What the names of all temporaries for this file begin with.
std::string beginning_of(const fs::path& target) {
    return std::string(first_bytes(target.filename().string(), longest_file_name)) + std::string(temporary_mark);
}

fs::path hidden(const fs::path& target) { return target.parent_path() / ("." + target.filename().string()); }

std::string random_text() {
    std::uint64_t number = 0;
    while (::getrandom(&number, sizeof number, 0) != sizeof number) {
    }
    std::array<char, random_digits + 1> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
    return text.data();
}

bool is_temporary(std::string_view name) {
    const std::size_t mark = name.rfind(temporary_mark);
    if (mark == std::string_view::npos || name.size() - mark != temporary_mark.size() + random_digits) return false;
    return name.find_first_not_of("0123456789abcdef", mark + temporary_mark.size()) == std::string_view::npos;
}

std::vector<std::string> names_in(DIR* folder) {
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder)) names.emplace_back(entry->d_name);
    return names;
}

/// The folder that `name` is in has been opened as `parent`.
bool is_name_of(int parent, const char* name, int descriptor) {
    struct stat named {};
    struct stat opened {};
    return ::fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(descriptor, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

void remove_files_in(int folder) {
    const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, FolderCloser> entries(again < 0 ? nullptr : ::fdopendir(again));
    if (!entries) return;
    for (const std::string& name : names_in(entries.get())) {
        if (name != "." && name != "..") ::unlinkat(folder, name.c_str(), 0);
    }
}

/// Whose maker lives is locked, and stays.
void remove_if_left(int parent, const std::string& name) {
    // A file is opened for writing, since on a network drive a lock needs that; a folder cannot be.
    constexpr int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int descriptor = ::openat(parent, name.c_str(), O_RDWR | flags);
    if (descriptor < 0 && errno == EISDIR) descriptor = ::openat(parent, name.c_str(), O_RDONLY | flags);
    if (descriptor < 0) return;
    struct stat status {};
    const bool known = ::fstat(descriptor, &status) == 0 && status.st_uid == ::geteuid();
    const bool sound = known && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    if (sound && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 && is_name_of(parent, name.c_str(), descriptor)) {
        if (S_ISDIR(status.st_mode)) remove_files_in(descriptor);
        ::unlinkat(parent, name.c_str(), S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
    }
    ::close(descriptor);
}

/// Calls `make` with new names until one is free; what is made is locked before anybody may take it for left over.
template <class Make>
Temporary make_temporary(const fs::path& target, Make make) {
    for (int attempt = 0; attempt < most_names; ++attempt) {
        Temporary made{.name = temporary_name(target)};
        made.descriptor = make(made.name);
        if (made.descriptor < 0 && errno != EEXIST) return made;
        if (made.descriptor < 0) continue;
        if (lock_temporary(made.descriptor) && is_name_of(AT_FDCWD, made.name.c_str(), made.descriptor)) return made;
        ::close(made.descriptor);
    }
    errno = EEXIST;
    return {};
}

/// Calls `visit` with the name of each entry. readdir() may allocate, which a signal handler must not.
template <class Visit>
void for_each_name(int folder, const Visit& visit) {
    constexpr std::size_t offset_of_length = 16; // of a linux_dirent64: inode and offset first, then length, type, name
    constexpr std::size_t offset_of_name = 19;
    alignas(8) std::array<char, 4096> entries{};
    for (;;) {
        const long size = ::syscall(SYS_getdents64, folder, entries.data(), entries.size());
        if (size <= 0) return;
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            std::uint16_t length = 0;
            std::memcpy(&length, entries.data() + at + offset_of_length, sizeof length);
            visit(entries.data() + at + offset_of_name);
            at += length;
        }
    }
}

/// The number that a name in /proc/self/fd is; -1 for none.
int to_descriptor(std::string_view name) {
    int number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc() && end == name.data() + name.size() ? number : -1;
}

/// Open for writing, with a name.
bool may_be_temporary_file(int descriptor) {
    struct stat status {};
    const int flags = ::fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && ::fstat(descriptor, &status) == 0 &&
           S_ISREG(status.st_mode) && status.st_nlink > 0;
}

/// Where the file was opened, which for one that was made without a name is the folder that it got its name in.
int open_folder_of(int descriptors, const char* number) {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlinkat(descriptors, number, path.data(), path.size() - 1);
    char* const name = length > 0 ? ::strrchr(path.data(), '/') : nullptr;
    if (name == nullptr) return -1;
    name[1] = '\0';
    return ::open(path.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

} // namespace

fs::path temporary_name(const fs::path& target) {
    return target.parent_path() / (beginning_of(target) + random_text());
}

bool lock_temporary(int descriptor) { return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

Temporary make_temporary_file(const fs::path& target) {
    return make_temporary(target, [](const fs::path& name) {
        return ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    });
}

Temporary make_temporary_folder(const fs::path& target) {
    return make_temporary(hidden(target), [](const fs::path& name) {
        if (::mkdir(name.c_str(), 0700) != 0) return -1;
        const int descriptor = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat status {};
        const bool ours = descriptor >= 0 && ::fstat(descriptor, &status) == 0 && status.st_uid == ::geteuid();
        if (ours || (descriptor < 0 && errno != ENOENT)) return descriptor;
        if (descriptor >= 0) ::close(descriptor);
        errno = EEXIST; // it has been removed, or somebody has put another one in its place: the next name
        return -1;
    });
}

void remove_temporary_folder(const Temporary& folder) {
    remove_files_in(folder.descriptor);
    ::rmdir(folder.name.c_str());
}

void remove_left_temporaries(const fs::path& folder, const fs::path& of) {
    const std::unique_ptr<DIR, FolderCloser> entries(::opendir(folder.empty() ? "." : folder.c_str()));
    if (!entries) return;
    const std::array beginnings{of.empty() ? "" : beginning_of(of), of.empty() ? "" : beginning_of(hidden(of))};
    for (const std::string& name : names_in(entries.get())) {
        const bool wanted = std::ranges::any_of(beginnings, [&](const auto& each) { return name.starts_with(each); });
        if (wanted && is_temporary(name)) remove_if_left(::dirfd(entries.get()), name);
    }
}

void remove_own_temporary_files() {
    const int descriptors = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptors < 0) return; // what stays has no lock soon, and the next run removes it
    for_each_name(descriptors, [&](const char* number) {
        const int descriptor = to_descriptor(number);
        if (descriptor < 0 || !may_be_temporary_file(descriptor)) return;
        const int folder = open_folder_of(descriptors, number);
        if (folder < 0) return;
        for_each_name(folder, [&](const char* name) {
            if (is_temporary(name) && is_name_of(folder, name, descriptor)) ::unlinkat(folder, name, 0);
        });
        ::close(folder);
    });
    ::close(descriptors);
}

} // namespace detect
