// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "pictures/picture.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>

/// Videos, cameras and streams, through OpenCV's videoio. That library comes with codecs, BLAS and OpenMP, which cost a
/// program 140 ms and 72 MB at its start: so it is linked to a module of its own, loaded when the first video is
/// opened.
namespace detect::cli {

class VideoReader {
public:
    virtual ~VideoReader() = default;
    /// 25 if the source does not say.
    [[nodiscard]] virtual double frames_per_second() const = 0;
    /// How many frames the source says it has; nothing for live ones.
    [[nodiscard]] virtual std::optional<std::int64_t> frame_count() const = 0;
    /// The next frame, grey8 or bgr8; nothing at the end. `unreadable_input` at what should not be one: a file that is
    /// cut off, a stream that has sent nothing for 10 seconds, a camera that gives no more.
    virtual Result<std::optional<Picture>> next() = 0;
};

class VideoWriter {
public:
    virtual ~VideoWriter() = default;
    /// `frame`: rgb8 or bgr8, as large as the video.
    virtual Result<void> write(const ImageView& frame) = 0;
    /// Completes the file. Nothing may be written afterwards.
    virtual Result<void> close() = 0;
};

/// A file, a URL, or the number of a camera.
using VideoSource = std::variant<std::filesystem::path, std::string, int>;

/// `unreadable_input` if it cannot be opened or the module is not installed.
Result<std::unique_ptr<VideoReader>> open_video(const VideoSource& source);

struct VideoFormat {
    int width = 0;
    int height = 0;
    double frames_per_second = 25.0;
};

/// The container is told by the extension: .mp4 or .mkv (H.264, else MPEG-4), .avi (Motion JPEG).
/// `unwritable_output` if it cannot be made.
Result<std::unique_ptr<VideoWriter>> create_video(const std::filesystem::path& path, const VideoFormat& format);

/// Extensions that `create_video` takes.
[[nodiscard]] bool is_video_name(const std::filesystem::path& path);

/// Whether a file is a video rather than a picture, by its first bytes.
[[nodiscard]] bool looks_like_video(const std::filesystem::path& path);

} // namespace detect::cli
