// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/interruption.h"
#include "cli/run/tree_events.h"
#include "cli/run/watched_files.h"
#include "detect/error.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

namespace detect::cli {

struct WatchOptions {
    bool recursive = false;
    /// Look through the folder every so many seconds, and ask the kernel for nothing. 0: ask the kernel, and look
    /// through the folder besides where the kernel does not see everything.
    double poll_seconds = 0.0;
    /// Prints no notes.
    bool quiet = false;
};

/// Pictures in a folder, those that are there and then each new one when it is complete: when its writer has closed it,
/// when it was moved or linked there, or, where nobody tells of that, when it stays the same. One that is written anew
/// comes again. Nothing comes twice, nothing is left out: what the kernel's words leave open is settled by looking
/// through the whole tree.
class FolderWatch {
public:
    /// `unreadable_input` if the folder cannot be watched.
    static Result<FolderWatch> open(const std::filesystem::path& folder, const WatchOptions& options);

    /// Waits for the next picture. Nothing if `interruption` came first; `unreadable_input` if the folder is gone.
    Result<std::optional<WatchedFile>> next(const Interruption& interruption);
    /// The folder itself, to tell where pictures come from.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// The files that are there now and no pictures.
    [[nodiscard]] LeftOutFiles left_out() const { return files_.left_out(); }

private:
    using Clock = WatchedFiles::Clock;
    /// Device and number.
    using FolderIdentity = std::pair<std::uint64_t, std::uint64_t>;

    FolderWatch(std::filesystem::path folder, const WatchOptions& options)
        : folder_(std::move(folder)), options_(options) {}
    Result<void> take_events();
    void take_file_event(const TreeEvents::Event& event);
    Result<void> look_through();
    bool enter(const std::filesystem::path& folder);
    void look_at_what_is_silent();
    void poll_besides(const std::string& reason);
    [[nodiscard]] int milliseconds_to_wait() const;
    [[nodiscard]] Error gone() const;

    std::filesystem::path folder_;
    WatchOptions options_;
    FolderIdentity identity_;
    TreeEvents events_;
    WatchedFiles files_;
    bool polls_ = false;
    Clock::duration interval_ = std::chrono::seconds(2);
    Clock::time_point next_look_;
    /// What is known of the tree may be wrong.
    bool look_through_ = true;
    /// Whether the kernel sees all changes, for each device.
    std::map<std::uint64_t, bool> devices_;
    std::set<std::filesystem::path> linked_folders_;
    /// Why the folder cannot be watched; 0: it can.
    int failure_ = 0;
};

} // namespace detect::cli
