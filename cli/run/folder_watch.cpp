// SPDX-License-Identifier: Apache-2.0
#include "cli/run/folder_watch.h"

#include "base/try.h"
#include "cli/run/picture_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

enum class Writing { done, going_on, unknown };

/// Whether somebody has the file open for writing. Linux grants a lease for reading only if nobody has; to some it
/// grants none at all (of other people's files, on some network file systems).
Writing writing_of(int file) {
    if (::fcntl(file, F_SETLEASE, F_RDLCK) == 0) {
        ::fcntl(file, F_SETLEASE, F_UNLCK);
        return Writing::done;
    }
    return errno == EAGAIN ? Writing::going_on : Writing::unknown;
}

/// A second name of a file, or a link to one: nobody writes it under this name, and so nobody will close it.
bool is_link(const fs::path& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

} // namespace

FolderWatch::FolderWatch(fs::path folder, bool recursive, int events)
    : folder_(std::move(folder)), recursive_(recursive), events_(events) {}

FolderWatch::FolderWatch(FolderWatch&& other) noexcept
    : folder_(std::move(other.folder_)), recursive_(other.recursive_), events_(std::exchange(other.events_, -1)),
      folders_(std::move(other.folders_)), seen_(std::move(other.seen_)), unfinished_(std::move(other.unfinished_)),
      ready_(std::move(other.ready_)) {}

FolderWatch::~FolderWatch() {
    if (events_ >= 0) ::close(events_);
}

Result<FolderWatch> FolderWatch::open(const fs::path& folder, bool recursive) {
    // Somebody who opens a file for writing while its lease is asked for has this signal sent, which ends a program.
    std::signal(SIGIO, SIG_IGN);
    const int events = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    FolderWatch watch(folder, recursive, events);
    if (events < 0) {
        return Error{ErrorCode::unreadable_input,
                     folder.string() + ": cannot be watched: " + std::generic_category().message(errno)};
    }
    DETECT_TRY(watch.add(folder));
    return watch;
}

/// First the watch, then the scan: what comes in between is seen by both, and told by its identity.
Result<void> FolderWatch::add(const fs::path& folder) {
    constexpr std::uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    const int watch = ::inotify_add_watch(events_, folder.c_str(), mask);
    if (watch < 0) {
        const std::string hint = errno == ENOSPC ? " (raise fs.inotify.max_user_watches)" : "";
        return Error{ErrorCode::unreadable_input,
                     folder.string() + ": cannot be watched: " + std::generic_category().message(errno) + hint};
    }
    folders_[watch] = folder;
    scan(folder);
    return {};
}

void FolderWatch::scan(const fs::path& folder) {
    for (const fs::path& path : pictures_in(folder, false)) offer(path);
    if (!recursive_) return;
    std::error_code code;
    for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
        std::error_code ignored;
        if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) continue;
        // One that is gone again, or out of bounds for this user, is not the end of it.
        if (const auto added = add(entry->path()); !added) continue;
    }
}

/// Takes the file if it is complete and has not been taken yet. Of one that has just been given its name (`created`),
/// it has to be known; of others it has been said.
void FolderWatch::offer(const fs::path& path, bool created) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool forbidden = file < 0 && errno == EACCES;
    // Its identity is taken after that: while it is written, it changes.
    const Writing writing = file >= 0 ? writing_of(file) : Writing::unknown;
    const bool unfinished = writing == Writing::going_on;
    const bool wait_for_close = created && writing == Writing::unknown && !is_link(path);
    struct stat status {};
    const bool there = file >= 0 && ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    if (file >= 0) ::close(file);
    if (forbidden && !wait_for_close) ready_.push_back(path); // to be reported
    if (there && unfinished) unfinished_.insert(path);
    if (!there || unfinished || wait_for_close) return;
    const Identity identity{status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                            status.st_size};
    const auto [entry, is_new] = seen_.emplace(path, identity);
    if (!is_new && std::exchange(entry->second, identity) == identity) return;
    // One that waits already will be read as it is by then.
    if (is_new || std::ranges::find(ready_, path) == ready_.end()) ready_.push_back(path);
}

Result<void> FolderWatch::read_events() {
    alignas(inotify_event) std::array<char, 65536> buffer{};
    const ssize_t length = ::read(events_, buffer.data(), buffer.size());
    for (std::size_t at = 0; length > 0 && at < static_cast<std::size_t>(length);) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const char* const name = buffer.data() + at + sizeof event;
        at += sizeof event + event.len;
        if ((event.mask & IN_Q_OVERFLOW) != 0) {
            // Events were lost: look for what they were about.
            for (const auto& [watch, folder] : std::map(folders_)) scan(folder);
            continue;
        }
        const auto folder = folders_.find(event.wd);
        if (folder == folders_.end()) continue;
        if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
            if (folder->second == folder_) {
                return Error{ErrorCode::unreadable_input, folder_.string() + ": the folder that is watched is gone"};
            }
            folders_.erase(folder);
            continue;
        }
        const fs::path path = event.len > 0 ? folder->second / name : folder->second;
        if ((event.mask & IN_ISDIR) != 0) {
            const bool arrived = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
            if (recursive_ && arrived && !add(path)) continue; // gone again
        } else if ((event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
            seen_.erase(path);
        } else if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 && is_picture_name(path)) {
            offer(path);
        } else if ((event.mask & IN_CREATE) != 0 && is_picture_name(path)) {
            offer(path, true); // whole from the first moment, if it was linked there
        }
    }
    return {};
}

Result<std::optional<fs::path>> FolderWatch::next(const Interruption& interruption) {
    // Linux tells of a writer's close a moment before it counts the writer out: such files are looked at again.
    constexpr int look_again_milliseconds = 50;
    while (ready_.empty()) {
        if (!interruption.wait_readable(events_, unfinished_.empty() ? -1 : look_again_milliseconds))
            return std::optional<fs::path>();
        DETECT_TRY(read_events());
        for (const fs::path& path : std::exchange(unfinished_, {})) offer(path);
    }
    std::optional<fs::path> path = std::move(ready_.front());
    ready_.pop_front();
    return path;
}

} // namespace detect::cli
