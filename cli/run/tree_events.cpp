// SPDX-License-Identifier: Apache-2.0
#include "cli/run/tree_events.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect::cli {

namespace fs = std::filesystem;

Result<TreeEvents> TreeEvents::open() {
    TreeEvents events;
    events.descriptor_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (events.descriptor_ < 0) return Error{ErrorCode::unreadable_input, std::generic_category().message(errno)};
    return events;
}

TreeEvents::TreeEvents(TreeEvents&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), round_(other.round_), folders_(std::move(other.folders_)) {}

TreeEvents& TreeEvents::operator=(TreeEvents&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(round_, other.round_);
    std::swap(folders_, other.folders_);
    return *this;
}

TreeEvents::~TreeEvents() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int TreeEvents::add(const fs::path& folder) {
    constexpr std::uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (descriptor_ < 0) return 0;
    const int watch = ::inotify_add_watch(descriptor_, folder.c_str(), mask);
    if (watch < 0) return errno;
    folders_[watch] = {folder, round_};
    return 0;
}

void TreeEvents::end_round() {
    std::erase_if(folders_, [&](const auto& entry) {
        const bool old = entry.second.round != round_;
        if (old) ::inotify_rm_watch(descriptor_, entry.first);
        return old;
    });
}

void TreeEvents::add_event(std::vector<Event>& events, int watch, std::uint32_t mask, const char* name) {
    using What = Event::What;
    if ((mask & IN_Q_OVERFLOW) != 0) {
        events.push_back({What::overflow});
        return;
    }
    const auto folder = folders_.find(watch);
    if (folder == folders_.end()) return; // let go of
    if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) {
        events.push_back({What::folder_gone, folder->second.path});
        if ((mask & IN_IGNORED) != 0) folders_.erase(folder);
        return;
    }
    if (*name == '\0') return; // its own rights have changed; its parent says so, too
    const fs::path path = folder->second.path / name;
    if ((mask & IN_ISDIR) != 0) {
        events.push_back({What::folders, path});
    } else if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
        events.push_back({What::gone, path});
    } else {
        const bool closed = (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
        events.push_back({closed ? What::closed : What::created, path});
    }
}

std::vector<TreeEvents::Event> TreeEvents::read() {
    std::vector<Event> events;
    alignas(inotify_event) std::array<char, 65536> buffer{};
    while (descriptor_ >= 0) {
        const ssize_t length = ::read(descriptor_, buffer.data(), buffer.size());
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const char* const name = event.len > 0 ? buffer.data() + at + sizeof event : "";
            at += sizeof event + event.len;
            add_event(events, event.wd, event.mask, name);
        }
    }
    return events;
}

} // namespace detect::cli
