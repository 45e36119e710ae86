// SPDX-License-Identifier: Apache-2.0
#include "cli/run/drawn_video.h"

#include "base/try.h"
#include "pictures/own_pictures.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <unistd.h>

namespace detect::cli {

DrawnVideos::~DrawnVideos() {
    if (!writer_) return;
    writer_.reset();
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
}

Result<void> DrawnVideos::add(const std::filesystem::path& path, const Picture& frame, double frames_per_second) {
    if (writer_ && path != path_) DETECT_TRY(close());
    if (!writer_) {
        if (!is_video_name(path)) {
            return Error{ErrorCode::invalid_argument,
                         path.string() + ": the name of a video to write must end in .mp4, .mkv or .avi"};
        }
        path_ = path;
        // The extension says what kind of file it is to be, so it has to stay; hidden, nobody takes it for a whole one.
        temporary_ = path.parent_path() /
                     ("." + path.stem().string() + ".part" + std::to_string(::getpid()) + path.extension().string());
        format_ = {.width = frame.width, .height = frame.height, .frames_per_second = frames_per_second};
        auto created = create_video(temporary_, format_);
        if (!created) {
            std::error_code ignored;
            std::filesystem::remove(temporary_, ignored);
            return Error{created.error().code,
                         path.string() + created.error().message.substr(
                                             std::min(temporary_.string().size(), created.error().message.size()))};
        }
        writer_ = *std::move(created);
    }
    if (frame.width != format_.width || frame.height != format_.height) {
        return Error{ErrorCode::unreadable_input,
                     path.string() + ": the frames of the video change their size; draw nothing (--no-draw)"};
    }
    return writer_->write(frame.view());
}

Result<void> DrawnVideos::close() {
    if (!writer_) return {};
    DETECT_TRY(writer_->close());
    writer_.reset();
    DETECT_TRY(mark_video(temporary_));
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
        return Error{ErrorCode::unwritable_output,
                     path_.string() + ": cannot be written: " + std::generic_category().message(errno)};
    }
    complete_.push_back(path_);
    return {};
}

} // namespace detect::cli
