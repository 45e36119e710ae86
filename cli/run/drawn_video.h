// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/video/video.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace detect::cli {

/// The annotated videos of a run, one after the other. A video gets its name when its last frame is in it.
class DrawnVideos {
public:
    DrawnVideos() = default;
    /// What is not closed is removed.
    ~DrawnVideos();
    DrawnVideos(const DrawnVideos&) = delete;
    DrawnVideos& operator=(const DrawnVideos&) = delete;

    /// Adds a frame to the video of this name. A frame for another video closes the one before.
    Result<void> add(const std::filesystem::path& path, const Picture& frame, double frames_per_second);
    /// Completes the last video.
    Result<void> close();
    /// Those that are complete since the last time this was asked.
    [[nodiscard]] std::vector<std::filesystem::path> take_complete() { return std::exchange(complete_, {}); }

private:
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    VideoFormat format_;
    std::unique_ptr<VideoWriter> writer_;
    std::vector<std::filesystem::path> complete_;
};

} // namespace detect::cli
