// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/run_options.h"
#include "cli/video/video.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace detect::cli {

/// Where pictures come from, in the order they are looked at.
struct Source {
    enum class Kind {
        picture,
        /// A video file, a camera or a stream: `video` says which.
        video,
        /// Paths on standard input.
        standard_input,
        /// A folder that is watched.
        watch,
        /// Nothing, for the reason in `problem`: reported when its turn comes.
        failure,
    };
    Kind kind = Kind::picture;
    /// As results call it.
    std::string name = {};
    /// Where results of its own go, below their folder: relative, without an extension.
    std::filesystem::path stem = {};
    VideoSource video = {};
    /// Of a failure: what is wrong and where.
    std::string problem = {};
};

struct Sources {
    std::vector<Source> all = {};
    /// Whether there may be more than one picture or video: `--output` is a folder then.
    bool several = false;
    /// Whether a folder, pattern, list or the like was given rather than files by name.
    bool bulk = false;
    /// Whether what is in a watched folder's folders counts, too.
    bool recursive = false;
    /// A watched folder is looked through every so many seconds instead of waiting for the kernel's word; 0: only where
    /// the file system needs it.
    double poll_seconds = 0.0;
    /// What was left out that is no failure, to be said before the run.
    std::vector<std::string> notes = {};
    /// Whether notes that come up later are wanted.
    bool quiet = false;

    [[nodiscard]] bool have_video() const;
};

/// Expands folders, patterns and lists. `invalid_argument` if nothing was given or things do not go together,
/// `unreadable_input` if a list cannot be read or is in
/// another encoding. Folders in `left_out` are not looked into.
[[nodiscard]] Result<Sources> find_sources(const SourceOptions& options,
                                           const std::vector<std::filesystem::path>& left_out);

/// A file by name: a video by its content, else a picture.
[[nodiscard]] Source file_source(const std::filesystem::path& path);

/// Reads paths line by line: bytes as they are, for a path may be in any encoding.
class PathLines {
public:
    /// `name`: of the list, for messages.
    explicit PathLines(std::string name) : name_(std::move(name)) {}

    /// The path in the next line, without its line end; nothing if the line is empty. `unreadable_input` if this is no
    /// list of paths: UTF-16, or a line with a zero byte.
    [[nodiscard]] Result<std::optional<std::string>> path_in(std::string line);

private:
    std::string name_;
    std::int64_t lines_ = 0;
};

} // namespace detect::cli
