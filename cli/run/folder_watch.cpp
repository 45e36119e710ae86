// SPDX-License-Identifier: Apache-2.0
#include "cli/run/folder_watch.h"

#include "base/text.h"
#include "base/try.h"
#include "cli/exit_code.h"
#include "cli/run/file_systems.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// Linux tells of a writer's close a moment before it counts the writer out: such files are looked at again.
constexpr int look_again_milliseconds = 50;
constexpr int look_soon_milliseconds = 10;
/// Looking at what is silent takes at most one part in so many of the time, however much there is.
constexpr int rest_for_work = 20;

Error cannot_be_watched(const fs::path& folder, const std::string& why) {
    return Error{ErrorCode::unreadable_input, printable_path(folder) + ": cannot be watched: " + why};
}

} // namespace

Error FolderWatch::gone() const {
    return Error{ErrorCode::unreadable_input, printable_path(folder_) + ": the folder that is watched is gone"};
}

Result<FolderWatch> FolderWatch::open(const fs::path& folder, const WatchOptions& options) {
    FolderWatch watch(folder, options);
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return cannot_be_watched(folder, std::generic_category().message(errno));
    watch.identity_ = {status.st_dev, status.st_ino};
    if (options.poll_seconds > 0.0) {
        watch.interval_ =
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.poll_seconds));
        watch.polls_ = true;
    } else if (auto events = TreeEvents::open()) {
        watch.events_ = *std::move(events);
    } else {
        watch.poll_besides(events.error().message);
    }
    watch.files_.settle(watch.polls_, watch.interval_);
    DETECT_TRY(watch.look_through());
    if (watch.failure_ != 0) return cannot_be_watched(folder, std::generic_category().message(watch.failure_));
    return watch;
}

/// `reason`: why what the kernel tells is not enough; empty where everybody expects that.
void FolderWatch::poll_besides(const std::string& reason) {
    if (std::exchange(polls_, true)) return;
    files_.settle(true, interval_);
    next_look_ = Clock::now() + interval_;
    if (!reason.empty() && !options_.quiet) {
        note(printable_path(folder_) +
             ": is looked through every 2 seconds, since the kernel tells of no more folders: " + reason);
    }
}

/// First the watch, then the look: what comes in between is seen by both, and told by its identity.
bool FolderWatch::enter(const fs::path& folder) {
    struct stat status {};
    if (::lstat(folder.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) linked_folders_.insert(folder);
    if (options_.poll_seconds > 0.0) return true;
    const int failure = events_.add(folder);
    if (failure == ENOSPC || failure == ENOMEM) poll_besides("raise fs.inotify.max_user_watches");
    if (failure == EACCES && folder == folder_) failure_ = failure;
    if (::stat(folder.c_str(), &status) != 0) return true;
    const auto [device, is_new] = devices_.try_emplace(status.st_dev, true);
    if (is_new) device->second = kernel_sees_all_changes(folder);
    if (!device->second) poll_besides({});
    return true;
}

/// The whole tree, as it is now.
Result<void> FolderWatch::look_through() {
    look_through_ = false;
    struct stat status {};
    if (::stat(folder_.c_str(), &status) != 0 || FolderIdentity(status.st_dev, status.st_ino) != identity_)
        return gone();
    // A new link to a folder that is known by another one gives its pictures no new names.
    const std::set<fs::path> links_taken = std::exchange(linked_folders_, {});
    files_.begin_round();
    events_.begin_round();
    std::vector<fs::path> files;
    walk_folder(
        folder_, options_.recursive,
        {.folder = [&](const fs::path& folder) { return enter(folder); },
         .file = [&](const fs::path& path) { files.push_back(path); },
         .not_entered = [](const fs::path&) {},
         .problem = [&](const fs::path& folder, const std::string& problem) { files_.report_folder(folder, problem); }},
        links_taken);
    events_.end_round();
    std::ranges::sort(files);
    for (const fs::path& path : files) files_.offer(path, WatchedFiles::Word::found);
    files_.end_round();
    next_look_ = Clock::now() + interval_;
    return {};
}

void FolderWatch::take_file_event(const TreeEvents::Event& event) {
    using What = TreeEvents::Event::What;
    std::error_code code;
    if (event.what == What::gone) {
        // If it is there again, another event says so. A link's folder has gone with it.
        if (!fs::exists(fs::symlink_status(event.path, code))) files_.forget(event.path);
        if (linked_folders_.contains(event.path)) look_through_ = true;
    } else if (options_.recursive && !is_hidden(event.path) && fs::is_directory(event.path, code)) {
        look_through_ = true; // a link to a folder
    } else {
        files_.offer(event.path, event.what == What::closed ? WatchedFiles::Word::closed : WatchedFiles::Word::created);
    }
}

Result<void> FolderWatch::take_events() {
    using What = TreeEvents::Event::What;
    for (const TreeEvents::Event& event : events_.read()) {
        switch (event.what) {
        case What::overflow: look_through_ = true; break;
        case What::folders: look_through_ = look_through_ || options_.recursive; break;
        case What::folder_gone:
            if (event.path == folder_) return gone();
            look_through_ = true;
            break;
        default: take_file_event(event);
        }
    }
    return {};
}

void FolderWatch::look_at_what_is_silent() {
    const Clock::time_point start = Clock::now();
    files_.look_again_at_silent();
    const Clock::time_point end = Clock::now();
    next_look_ = end + std::max(interval_, rest_for_work * (end - start));
}

int FolderWatch::milliseconds_to_wait() const {
    if (files_.any_young()) return look_soon_milliseconds;
    if (files_.any_unfinished()) return look_again_milliseconds;
    if (!polls_ && !files_.any_silent()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_look_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

Result<std::optional<WatchedFile>> FolderWatch::next(const Interruption& interruption) {
    for (;;) {
        DETECT_TRY(take_events());
        const bool due = Clock::now() >= next_look_;
        if (look_through_ || (polls_ && due)) {
            DETECT_TRY(look_through());
        } else if (due && files_.any_silent()) {
            look_at_what_is_silent();
        }
        if (auto file = files_.take()) return file;
        if (!interruption.wait_readable(events_.descriptor(), milliseconds_to_wait()))
            return std::optional<WatchedFile>();
        files_.look_again_at_unfinished();
    }
}

} // namespace detect::cli
