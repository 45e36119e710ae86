// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// What of a folder is looked at.
namespace detect::cli {

/// Whether the name is a picture's, by its extension, and not hidden.
[[nodiscard]] bool is_picture_name(const std::filesystem::path& path);

/// Hidden files and folders are left out, as other programs do.
[[nodiscard]] bool is_hidden(const std::filesystem::path& path);

/// What a file in a folder is taken for.
enum class FileRole {
    /// By its extension or, where that says nothing, by its first bytes. Also pictures of kinds that are not read:
    /// reading them says what they are.
    picture,
    video,
    /// A picture or video that we drew or cut out; see own_pictures.h.
    own,
    /// Its name says that it is still being written or fetched: .part, .tmp, a ~ at the end and the like.
    unfinished,
    /// A text, a model, a device …
    other,
    /// It cannot be told, for the reason in `problem`.
    unreadable,
};

struct FileJudgement {
    FileRole role = FileRole::other;
    /// Why it is unreadable, with its name.
    std::string problem = {};
};

/// Reads its beginning and its end. One that is gone is `unreadable` with an empty problem.
[[nodiscard]] FileJudgement judge_file(const std::filesystem::path& path);

/// Whether a file is a video by its first bytes. Pictures that are framed as videos are, such as HEIC, are none.
[[nodiscard]] bool is_video_file(const std::filesystem::path& path);

/// Files that are no inputs, by what they are.
struct LeftOutFiles {
    struct Group {
        std::int64_t count = 0;
        std::filesystem::path example = {};

        void add(const std::filesystem::path& path);
    };
    Group others = {};
    Group videos = {};
    Group unfinished = {};
    Group own = {};

    void add(FileRole role, const std::filesystem::path& path);
    /// "left out: 3 files that are no pictures, such as notes.txt; 1 video, …"; empty if there are none.
    [[nodiscard]] std::string text() const;
};

/// What `walk_folder` meets, in no particular order.
struct FolderVisitor {
    /// Called before a folder is read; false: it is not entered.
    std::function<bool(const std::filesystem::path&)> folder;
    /// Anything that is no folder and not hidden; also a link to nothing.
    std::function<void(const std::filesystem::path&)> file;
    /// A folder inside that is not entered, since `recursive` was not asked for.
    std::function<void(const std::filesystem::path&)> not_entered;
    /// A folder that cannot be read, and why, with its name.
    std::function<void(const std::filesystem::path&, const std::string&)> problem;
};

/// Goes through a folder; with `recursive` also through those below it, links to folders included. Each folder is
/// entered once, however many links lead to it: by its own name if it lies below, else by the first link, those of
/// `links_taken` before all others. Folders that disappear on the way are none.
void walk_folder(const std::filesystem::path& folder, bool recursive, const FolderVisitor& visitor,
                 const std::set<std::filesystem::path>& links_taken = {});

/// What is to be looked at in a folder.
struct FolderContents {
    struct Entry {
        std::filesystem::path path;
        /// Why it cannot be looked at, with its name; empty if it can.
        std::string problem = {};
    };
    /// Sorted by name.
    std::vector<Entry> entries = {};
    LeftOutFiles left_out = {};
    std::int64_t folders_not_entered = 0;
};

/// Folders in `left_out` (as `resolved` spells them) are not entered.
[[nodiscard]] FolderContents contents_of(const std::filesystem::path& folder, bool recursive,
                                         const std::vector<std::filesystem::path>& left_out = {});

/// The pictures in a folder itself, sorted by name.
[[nodiscard]] std::vector<std::filesystem::path> pictures_in(const std::filesystem::path& folder);

/// One spelling for a file or folder, absolute, links resolved, whether it exists or not.
[[nodiscard]] std::filesystem::path resolved(const std::filesystem::path& path);

} // namespace detect::cli
