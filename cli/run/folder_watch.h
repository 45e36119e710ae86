// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/interruption.h"
#include "detect/error.h"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

namespace detect::cli {

/// Pictures in a folder, those that are there and then each new one when it is complete: when its writer has closed it,
/// or when it was moved or linked there. One that is written anew comes again. Nothing comes twice, nothing is left
/// out.
class FolderWatch {
public:
    /// `unreadable_input` if the folder cannot be watched.
    static Result<FolderWatch> open(const std::filesystem::path& folder, bool recursive);
    FolderWatch(FolderWatch&&) noexcept;
    FolderWatch& operator=(FolderWatch&&) = delete;
    ~FolderWatch();

    /// Waits for the next picture. Nothing if `interruption` came first; `unreadable_input` if the folder is gone.
    Result<std::optional<std::filesystem::path>> next(const Interruption& interruption);
    /// The folders themselves, to tell where pictures come from.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
    /// What tells one content of a file from another: its device, number, time of change and size.
    using Identity = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;

    FolderWatch(std::filesystem::path folder, bool recursive, int events);
    Result<void> add(const std::filesystem::path& folder);
    void scan(const std::filesystem::path& folder);
    void offer(const std::filesystem::path& path, bool created = false);
    Result<void> read_events();

    std::filesystem::path folder_;
    bool recursive_;
    int events_;
    std::map<int, std::filesystem::path> folders_;
    /// Those that exist; forgotten when they are removed.
    std::map<std::filesystem::path, Identity> seen_;
    /// Somebody had them open for writing when they were looked at.
    std::set<std::filesystem::path> unfinished_;
    std::deque<std::filesystem::path> ready_;
};

} // namespace detect::cli
