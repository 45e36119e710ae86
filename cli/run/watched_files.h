// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/picture_files.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

struct stat;

namespace detect::cli {

/// A file of a watched folder whose turn it is.
struct WatchedFile {
    std::filesystem::path path;
    /// Why it cannot be looked at, with its name; empty if it can.
    std::string problem = {};
};

/// The files of a watched folder: which are complete, and which of them have been given out. Each content of each name
/// is given out once. A file that goes and comes back is new, and so is one under another name.
class WatchedFiles {
public:
    using Clock = std::chrono::steady_clock;

    /// How a file came to be known.
    enum class Word {
        /// It got its name a moment ago: somebody may be about to write it.
        created,
        /// Its writer closed it, or it was moved here.
        closed,
        /// It was there when the folder was looked through.
        found,
    };

    /// From now on a file that is found counts as complete only if it stays the same for `interval`. Else that holds
    /// where nobody can tell whether it is being written.
    void settle(bool always, Clock::duration interval);

    void offer(const std::filesystem::path& path, Word word);
    void forget(const std::filesystem::path& path);
    /// Says once that a folder cannot be read; what was in it is not forgotten.
    void report_folder(const std::filesystem::path& folder, const std::string& problem);

    /// What is not offered between these two is forgotten.
    void begin_round();
    void end_round();

    /// Whether there are files that are waited for: somebody has them open for writing.
    [[nodiscard]] bool any_unfinished() const { return !unfinished_.empty(); }
    /// Whether one of them is about to be complete.
    [[nodiscard]] bool any_young() const { return any_young_; }
    void look_again_at_unfinished();
    /// Whether there are files that change without a word: those that must settle, and links to what lies elsewhere.
    [[nodiscard]] bool any_silent() const { return !settling_.empty() || !links_.empty(); }
    void look_again_at_silent();

    /// The next one that is complete. Nothing if there is none now. One that is gone again is left to its new name if
    /// it has one here; else it comes too, and reading it says that it is gone.
    std::optional<WatchedFile> take();

    /// The files that are there now and no pictures.
    [[nodiscard]] LeftOutFiles left_out() const;

private:
    /// What tells one content of a file from another: its device, number, time of change and size.
    using Identity = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
    struct Known {
        Identity identity = {};
        /// One that is unreadable may become readable without a change.
        FileRole role = FileRole::unreadable;
        std::uint64_t round = 0;
    };
    struct Settling {
        Identity identity;
        Clock::time_point since;
    };

    static Identity identity_of(const struct stat& status);
    bool must_settle(const std::string& name, const Identity& identity, bool nobody_can_tell, std::int64_t changed);
    void give_out(const std::string& name, const Identity& identity);
    void enqueue(const std::string& name, const Identity& identity, std::string problem);

    bool always_settle_ = false;
    Clock::duration interval_ = std::chrono::seconds(2);
    std::uint64_t round_ = 0;
    /// Those that exist and have been given out, or are no pictures.
    std::unordered_map<std::string, Known> seen_;
    std::unordered_map<std::string, Settling> settling_;
    /// Somebody had them open for writing when they were looked at, or they were changed a moment before;
    /// and how they will come then.
    std::unordered_map<std::string, Word> unfinished_;
    bool any_young_ = false;
    std::set<std::string> links_;
    std::unordered_map<std::string, std::uint64_t> unreadable_folders_;
    struct Ready {
        WatchedFile file;
        Identity identity;
    };
    [[nodiscard]] bool has_another_name(const Ready& ready) const;

    std::deque<Ready> ready_;
    /// The names in `ready_`.
    std::set<std::string> waiting_;
    /// Of all in `seen_`.
    std::multiset<Identity> identities_;
};

} // namespace detect::cli
