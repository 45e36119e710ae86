// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/temporary.h"
#include "cli/video/video.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace detect::cli {

/// The annotated videos of a run, one after the other. A video gets its name when its last frame is in it, and all of
/// them have been found there. A symbolic link stays one: the file it leads to is replaced.
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
    Result<void> begin(const std::filesystem::path& path, const Picture& frame, double frames_per_second);
    Result<void> check_frames() const;
    void remove();
    /// An error about the temporary file as one about the video.
    [[nodiscard]] Error about_video(const Error& error) const;

    /// As it was asked for, and without links.
    std::filesystem::path path_;
    std::filesystem::path target_;
    /// The folder that the video is written in, and its name there.
    Temporary folder_;
    std::filesystem::path temporary_;
    VideoFormat format_;
    std::int64_t frames_ = 0;
    std::unique_ptr<VideoWriter> writer_;
    std::vector<std::filesystem::path> complete_;
};

} // namespace detect::cli
