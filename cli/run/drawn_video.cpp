// SPDX-License-Identifier: Apache-2.0
#include "cli/run/drawn_video.h"

#include "base/atomic_file.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/own_pictures.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace detect::cli {

namespace {

Error cannot_write(const std::filesystem::path& path, const std::string& why) {
    return {ErrorCode::unwritable_output, printable_path(path) + ": cannot be written: " + why};
}

} // namespace

DrawnVideos::~DrawnVideos() {
    writer_.reset();
    remove();
}

void DrawnVideos::remove() {
    if (folder_.descriptor < 0) return;
    remove_temporary_folder(folder_);
    ::close(std::exchange(folder_.descriptor, -1));
}

Error DrawnVideos::about_video(const Error& error) const {
    const std::string& message = error.message;
    const std::string temporary = temporary_.string();
    return {error.code, path_.string() + (message.starts_with(temporary) ? message.substr(temporary.size()) : message)};
}

/// The video's library writes by a path, and would follow a link. In a folder of this program's own nobody puts one.
Result<void> DrawnVideos::begin(const std::filesystem::path& path, const Picture& frame, double frames_per_second) {
    if (!is_video_name(path)) {
        return Error{ErrorCode::invalid_argument,
                     path.string() + ": the name of a video to write must end in .mp4, .mkv or .avi"};
    }
    remove();
    path_ = path;
    target_ = without_links(path);
    folder_ = make_temporary_folder(target_);
    if (folder_.descriptor < 0) return cannot_write(path_, std::generic_category().message(errno));
    std::filesystem::path folder = "/proc/self/fd/" + std::to_string(folder_.descriptor);
    if (::access(folder.c_str(), F_OK) != 0) folder = folder_.name;
    temporary_ = folder / ("video" + path.extension().string());
    format_ = {.width = frame.width, .height = frame.height, .frames_per_second = frames_per_second};
    frames_ = 0;
    auto created = create_video(temporary_, format_);
    if (!created) return about_video(created.error());
    writer_ = *std::move(created);
    return {};
}

Result<void> DrawnVideos::add(const std::filesystem::path& path, const Picture& frame, double frames_per_second) {
    if (writer_ && path != path_) DETECT_TRY(close());
    if (!writer_) DETECT_TRY(begin(path, frame, frames_per_second));
    if (frame.width != format_.width || frame.height != format_.height) {
        return Error{ErrorCode::unreadable_input,
                     path.string() + ": the frames of the video change their size; draw nothing (--no-draw)"};
    }
    if (auto written = writer_->write(frame.view()); !written) return about_video(written.error());
    ++frames_;
    return {};
}

/// The video's library says nothing of a disk that is full.
Result<void> DrawnVideos::check_frames() const {
    const auto video = open_video(temporary_);
    const auto count = video ? (*video)->frame_count() : std::nullopt;
    // Where there is no list of frames, their number is a guess.
    const auto expected = 0.9 * static_cast<double>(frames_) - 1.0;
    if (video && (!count || static_cast<double>(*count) >= expected)) return {};
    return cannot_write(path_, "not all frames are in the file: is the disk full?");
}

Result<void> DrawnVideos::close() {
    if (!writer_) return {};
    if (auto closed = writer_->close(); !closed) return about_video(closed.error());
    writer_.reset();
    DETECT_TRY(check_frames());
    if (auto marked = mark_video(temporary_); !marked) return about_video(marked.error());
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0)
        return cannot_write(path_, std::generic_category().message(errno));
    remove();
    complete_.push_back(path_);
    return {};
}

} // namespace detect::cli
