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
        /// Nothing, for the reason in `name`: reported when its turn comes.
        failure,
    };
    Kind kind = Kind::picture;
    /// As results call it.
    std::string name = {};
    /// Where results of its own go, below their folder: relative, without an extension.
    std::filesystem::path stem = {};
    VideoSource video = {};
};

struct Sources {
    std::vector<Source> all = {};
    /// Whether there may be more than one picture or video: `--output` is a folder then.
    bool several = false;
    /// Whether a folder, pattern, list or the like was given rather than files by name.
    bool bulk = false;
    /// Whether what is in a watched folder's folders counts, too.
    bool recursive = false;

    [[nodiscard]] bool have_video() const;
};

/// Expands folders, patterns and lists. `invalid_argument` if nothing was given or things do not go together,
/// `unreadable_input` if a list cannot be read. Folders in `left_out` are not looked into.
[[nodiscard]] Result<Sources> find_sources(const SourceOptions& options,
                                           const std::vector<std::filesystem::path>& left_out);

/// A file by name: a video by its content, else a picture.
[[nodiscard]] Source file_source(const std::filesystem::path& path);

/// A line of a list without its line end; nothing if it is empty.
[[nodiscard]] std::optional<std::string> path_in_line(std::string line);

} // namespace detect::cli
