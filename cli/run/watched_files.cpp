// SPDX-License-Identifier: Apache-2.0
#include "cli/run/watched_files.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

enum class Writing { done, going_on, untold };

/// Whether somebody has the file open for writing. Linux grants a lease for reading only if nobody has; to some it
/// grants none at all (of other people's files, on some network file systems).
Writing writing_of(int file) {
    if (::fcntl(file, F_SETLEASE, F_RDLCK) == 0) {
        ::fcntl(file, F_SETLEASE, F_UNLCK);
        return Writing::done;
    }
    return errno == EAGAIN ? Writing::going_on : Writing::untold;
}

/// What opening a file for a moment tells of it.
struct OpenedFile {
    bool opened = false;
    int failure = 0;
    Writing writing = Writing::untold;
    struct stat status {};
};

OpenedFile look_into(const std::string& name) {
    OpenedFile found;
    const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        found.failure = errno;
        return found;
    }
    // Its identity is taken after that: while it is written, it changes.
    found.writing = writing_of(file);
    found.opened = ::fstat(file, &found.status) == 0 && S_ISREG(found.status.st_mode);
    ::close(file);
    return found;
}

/// Whether a file was changed so short a time ago that another change would leave the same time behind: file systems
/// count in ticks of the kernel, of up to 10 ms.
bool is_young(const struct stat& status) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::int64_t age =
        (now.tv_sec - status.st_mtim.tv_sec) * 1'000'000'000 + (now.tv_nsec - status.st_mtim.tv_nsec);
    constexpr std::int64_t two_ticks = 20'000'000;
    return age >= 0 && age < two_ticks;
}

bool is_below(const std::string& name, const std::string& folder) {
    return name.size() > folder.size() && name.starts_with(folder) && name[folder.size()] == '/';
}

} // namespace

WatchedFiles::Identity WatchedFiles::identity_of(const struct stat& status) {
    return {status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size};
}

void WatchedFiles::settle(bool always, Clock::duration interval) {
    // Somebody who opens a file for writing while its lease is asked for has this signal sent, which ends a program.
    std::signal(SIGIO, SIG_IGN);
    always_settle_ = always;
    interval_ = interval;
}

void WatchedFiles::offer(const fs::path& path, Word word) {
    if (is_hidden(path)) return;
    const std::string name = path.string();
    struct stat own {};
    if (::lstat(name.c_str(), &own) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) forget(path);
        return;
    }
    struct stat status = own;
    const bool is_link = S_ISLNK(own.st_mode);
    const bool leads_nowhere = is_link && ::stat(name.c_str(), &status) != 0;
    // Nobody writes it under this name, and so nobody will close it.
    const bool has_other_names = is_link || own.st_nlink > 1;
    if (S_ISDIR(status.st_mode)) return;
    if (has_other_names) {
        links_.insert(name);
    } else {
        links_.erase(name);
    }
    const auto known = seen_.find(name);
    if (known != seen_.end()) known->second.round = round_;
    const bool same = known != seen_.end() && known->second.identity == identity_of(status);
    if (same && known->second.role != FileRole::unreadable) {
        settling_.erase(name);
        unfinished_.erase(name);
        return;
    }
    if (leads_nowhere || !S_ISREG(status.st_mode)) {
        give_out(name, identity_of(status));
        return;
    }
    const OpenedFile file = look_into(name);
    if (!file.opened) {
        const bool wait_for_close = word == Word::created && !has_other_names;
        if (file.failure == EACCES && !wait_for_close) give_out(name, identity_of(status));
        return;
    }
    const bool young = is_young(file.status);
    if (file.writing == Writing::going_on || young) {
        // What an event has said once holds on.
        auto& later = unfinished_.try_emplace(name, Word::found).first->second;
        if (word == Word::closed) later = word;
        any_young_ = any_young_ || young;
        settling_.erase(name);
        return;
    }
    unfinished_.erase(name);
    const bool nobody_can_tell = file.writing == Writing::untold;
    if (word == Word::created && nobody_can_tell && !has_other_names) return;
    const Identity identity = identity_of(file.status);
    if (word == Word::found && must_settle(name, identity, nobody_can_tell, file.status.st_mtim.tv_sec)) return;
    settling_.erase(name);
    give_out(name, identity);
}

/// Whether a file has to be seen once more, unchanged.
bool WatchedFiles::must_settle(const std::string& name, const Identity& identity, bool nobody_can_tell,
                               std::int64_t changed) {
    const std::int64_t age = std::time(nullptr) - changed;
    const auto recent = std::chrono::duration_cast<std::chrono::seconds>(interval_).count() + 1;
    if (!always_settle_ && !(nobody_can_tell && age <= recent)) return false;
    const Clock::time_point now = Clock::now();
    const auto [entry, is_new] = settling_.try_emplace(name, Settling{identity, now});
    if (!is_new && entry->second.identity == identity) return now - entry->second.since < interval_;
    entry->second = {identity, now};
    return true;
}

void WatchedFiles::give_out(const std::string& name, const Identity& identity) {
    FileJudgement judged = judge_file(name);
    const bool readable = judged.role != FileRole::unreadable;
    const bool gone = !readable && judged.problem.empty();
    if (gone) return;
    const auto [known, is_new] = seen_.try_emplace(name, Known{identity, judged.role, round_});
    const bool again = !is_new && known->second.identity == identity && known->second.role == judged.role;
    if (!is_new) identities_.erase(identities_.find(known->second.identity));
    identities_.insert(identity);
    known->second = {identity, judged.role, round_};
    if (again) return; // it is still unreadable
    if (judged.role == FileRole::picture || !readable) enqueue(name, identity, std::move(judged.problem));
}

void WatchedFiles::enqueue(const std::string& name, const Identity& identity, std::string problem) {
    // One that waits already will be read as it is by then.
    if (waiting_.insert(name).second) {
        ready_.push_back({{name, std::move(problem)}, identity});
        return;
    }
    const auto waiting = std::ranges::find_if(ready_, [&](const Ready& ready) { return ready.file.path == name; });
    *waiting = {{name, std::move(problem)}, identity};
}

void WatchedFiles::forget(const fs::path& path) {
    const std::string name = path.string();
    if (const auto known = seen_.find(name); known != seen_.end()) {
        identities_.erase(identities_.find(known->second.identity));
        seen_.erase(known);
    }
    settling_.erase(name);
    unfinished_.erase(name);
    links_.erase(name);
}

void WatchedFiles::report_folder(const fs::path& folder, const std::string& problem) {
    const std::string name = folder.string();
    const auto [entry, is_new] = unreadable_folders_.try_emplace(name, round_);
    entry->second = round_;
    if (is_new) enqueue(name, {}, problem);
}

void WatchedFiles::begin_round() { ++round_; }

void WatchedFiles::end_round() {
    std::erase_if(unreadable_folders_, [&](const auto& entry) { return entry.second != round_; });
    std::vector<std::string> gone;
    for (const auto& [name, known] : seen_) {
        const bool kept = std::ranges::any_of(
            unreadable_folders_, [&, &file = name](const auto& folder) { return is_below(file, folder.first); });
        if (known.round != round_ && !kept) gone.push_back(name);
    }
    for (const std::string& name : gone) forget(name);
}

void WatchedFiles::look_again_at_unfinished() {
    any_young_ = false;
    for (const auto& [name, word] : std::unordered_map(unfinished_)) offer(name, word);
}

void WatchedFiles::look_again_at_silent() {
    std::set<std::string> names = links_;
    for (const auto& entry : settling_) names.insert(entry.first);
    for (const std::string& name : names) offer(name, Word::found);
}

LeftOutFiles WatchedFiles::left_out() const {
    LeftOutFiles left_out;
    for (const auto& [name, known] : seen_) left_out.add(known.role, name);
    return left_out;
}

/// Whether it is known under another name, and this one is gone.
bool WatchedFiles::has_another_name(const Ready& ready) const {
    std::error_code code;
    if (fs::exists(fs::symlink_status(ready.file.path, code))) return false;
    return identities_.contains(ready.identity) ||
           std::ranges::any_of(settling_, [&](const auto& entry) { return entry.second.identity == ready.identity; });
}

std::optional<WatchedFile> WatchedFiles::take() {
    while (!ready_.empty()) {
        Ready ready = std::move(ready_.front());
        ready_.pop_front();
        waiting_.erase(ready.file.path.string());
        if (!has_another_name(ready)) return std::move(ready.file);
    }
    return std::nullopt;
}

} // namespace detect::cli
