// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstdint>
#include <filesystem>
#include <unordered_map>
#include <vector>

namespace detect::cli {

/// What the kernel tells of the folders of a tree (inotify). Watches are added and let go of in rounds: each look
/// through the tree is one.
class TreeEvents {
public:
    struct Event {
        enum class What {
            /// A file has its name now; its writer may be at work.
            created,
            /// A writer has closed it, or it was moved here: it is complete, if nobody else writes.
            closed,
            /// It has no longer this name.
            gone,
            /// Folders have come, gone or changed their names.
            folders,
            /// The folder `path` itself is gone.
            folder_gone,
            /// Some events were lost.
            overflow,
        };
        What what;
        std::filesystem::path path = {};
    };

    /// Tells nothing.
    TreeEvents() = default;
    /// `unreadable_input` if the kernel gives none; the message is what it says.
    static Result<TreeEvents> open();
    TreeEvents(TreeEvents&&) noexcept;
    TreeEvents& operator=(TreeEvents&&) noexcept;
    ~TreeEvents();

    /// Readable when there are events; -1: there never are.
    [[nodiscard]] int descriptor() const { return descriptor_; }

    void begin_round() { ++round_; }
    /// 0, or errno. A folder that is watched already under another name is watched under this one now.
    int add(const std::filesystem::path& folder);
    /// Lets go of folders that were not added in this round.
    void end_round();

    /// All that are there; does not wait.
    std::vector<Event> read();

private:
    struct Folder {
        std::filesystem::path path;
        std::uint64_t round = 0;
    };
    void add_event(std::vector<Event>& events, int watch, std::uint32_t mask, const char* name);

    int descriptor_ = -1;
    std::uint64_t round_ = 0;
    std::unordered_map<int, Folder> folders_;
};

} // namespace detect::cli
