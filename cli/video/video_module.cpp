// SPDX-License-Identifier: Apache-2.0
// Compiled into the module that is loaded for videos; see video.h.

#include "cli/video/video_module.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>

namespace detect::cli {

namespace {

// A stream that has nothing to say for this long has ended; and Ctrl-C waits no longer.
constexpr std::chrono::milliseconds timeout(10'000);
constexpr double usual_frame_rate = 25.0;

std::string name_of(const VideoSource& source) {
    if (const auto* camera = std::get_if<int>(&source)) return "camera " + std::to_string(*camera);
    if (const auto* url = std::get_if<std::string>(&source)) return *url;
    return std::get<std::filesystem::path>(source).string();
}

class Reader final : public VideoReader {
public:
    Reader(cv::VideoCapture capture, const VideoSource& source)
        : capture_(std::move(capture)), name_(name_of(source)), source_(source) {}

    double frames_per_second() const override {
        const double rate = capture_.get(cv::CAP_PROP_FPS);
        return rate > 0.0 && rate <= 1000.0 ? rate : usual_frame_rate;
    }

    std::optional<std::int64_t> frame_count() const override {
        const double count = capture_.get(cv::CAP_PROP_FRAME_COUNT);
        const bool is_file = std::holds_alternative<std::filesystem::path>(source_);
        if (!is_file || !(count >= 1.0 && count < 1e12)) return std::nullopt;
        return static_cast<std::int64_t>(count);
    }

    Result<std::optional<Picture>> next() override {
        try {
            cv::Mat frame;
            const auto begin = std::chrono::steady_clock::now();
            if (!capture_.read(frame) || frame.empty()) return end(std::chrono::steady_clock::now() - begin);
            ++frames_;
            position_ = capture_.get(cv::CAP_PROP_POS_MSEC);
            return std::optional(copy(frame));
        } catch (const cv::Exception& error) {
            return Error{ErrorCode::unreadable_input, name_ + ": cannot be read: " + error.err};
        }
    }

private:
    /// OpenCV says "no frame" at an end and at what should not be one.
    [[nodiscard]] Result<std::optional<Picture>> end(std::chrono::steady_clock::duration waited) const {
        const auto failed = [&](const std::string& what) {
            return Error{ErrorCode::unreadable_input, name_ + ": " + what};
        };
        if (std::holds_alternative<int>(source_)) return failed("gives no more pictures: is it still connected?");
        if (std::holds_alternative<std::string>(source_)) {
            if (waited < 0.9 * timeout) return std::optional<Picture>();
            return failed("has sent nothing for " + std::to_string(timeout / std::chrono::seconds(1)) + " seconds");
        }
        // Where frames come at varying rates, their number is a guess, but not the video's length in time.
        const auto count = frame_count();
        const auto expected = 0.9 * static_cast<double>(count.value_or(0)) - 1.0;
        const bool too_few = static_cast<double>(frames_) < expected;
        const bool too_short = position_ < 1000.0 * expected / frames_per_second();
        if (!too_few || !too_short) return std::optional<Picture>();
        return failed("ends after " + std::to_string(frames_) + " of " + std::to_string(*count) +
                      " frames: it is cut off or damaged");
    }

    static Picture copy(const cv::Mat& frame) {
        const bool grey = frame.channels() == 1;
        Picture picture{.width = frame.cols,
                        .height = frame.rows,
                        .format = grey ? PixelFormat::grey8 : PixelFormat::bgr8,
                        .pixels = std::vector<std::byte>(frame.total() * frame.elemSize())};
        const std::size_t row = static_cast<std::size_t>(frame.cols) * frame.elemSize();
        for (int y = 0; y < frame.rows; ++y)
            std::memcpy(picture.pixels.data() + static_cast<std::size_t>(y) * row, frame.ptr(y), row);
        return picture;
    }

    cv::VideoCapture capture_;
    std::string name_;
    VideoSource source_;
    std::int64_t frames_ = 0;
    /// When the last frame is shown, in milliseconds from the beginning.
    double position_ = 0.0;
};

class Writer final : public VideoWriter {
public:
    Writer(cv::VideoWriter writer, std::filesystem::path path) : writer_(std::move(writer)), path_(std::move(path)) {}

    Result<void> write(const ImageView& frame) override {
        try {
            const cv::Mat pixels(frame.height, frame.width, CV_8UC3, const_cast<void*>(frame.pixels),
                                 frame.stride_bytes); // is only read
            if (frame.format == PixelFormat::bgr8) return writer_.write(pixels), Result<void>();
            cv::Mat swapped(frame.height, frame.width, CV_8UC3);
            constexpr int channels[] = {0, 2, 1, 1, 2, 0};
            cv::mixChannels(&pixels, 1, &swapped, 1, channels, 3);
            writer_.write(swapped);
            return {};
        } catch (const cv::Exception& error) {
            return Error{ErrorCode::unwritable_output, path_.string() + ": cannot be written: " + error.err};
        }
    }

    Result<void> close() override {
        writer_.release();
        return {};
    }

private:
    cv::VideoWriter writer_;
    std::filesystem::path path_;
};

bool open_capture(cv::VideoCapture& capture, const VideoSource& source) {
    if (const auto* camera = std::get_if<int>(&source)) return capture.open(*camera, cv::CAP_V4L2);
    const bool is_file = std::holds_alternative<std::filesystem::path>(source);
    // A file's name is taken as it is: "a%03d.avi" would mean a series of pictures to other backends.
    if (is_file) return capture.open(name_of(source), cv::CAP_FFMPEG);
    return capture.open(name_of(source), cv::CAP_FFMPEG,
                        {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, static_cast<int>(timeout.count()),
                         cv::CAP_PROP_READ_TIMEOUT_MSEC, static_cast<int>(timeout.count())});
}

Result<std::unique_ptr<VideoReader>> open(const VideoSource& source) {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    const bool is_file = std::holds_alternative<std::filesystem::path>(source);
    const std::string kind = is_file ? "video" : std::holds_alternative<int>(source) ? "camera" : "stream";
    try {
        cv::VideoCapture capture;
        if (open_capture(capture, source))
            return std::unique_ptr<VideoReader>(std::make_unique<Reader>(std::move(capture), source));
    } catch (const cv::Exception&) {
        // As below.
    }
    return Error{ErrorCode::unreadable_input, name_of(source) + ": cannot be opened as a " + kind};
}

Result<std::unique_ptr<VideoWriter>> create(const std::filesystem::path& path, const VideoFormat& format) {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    const bool avi = path.extension() == ".avi";
    std::vector<int> codecs{cv::VideoWriter::fourcc('a', 'v', 'c', '1'), cv::VideoWriter::fourcc('m', 'p', '4', 'v')};
    // H.264's 4:2:0 colours need even sides.
    if (format.width % 2 != 0 || format.height % 2 != 0) codecs.erase(codecs.begin());
    if (avi) codecs = {cv::VideoWriter::fourcc('M', 'J', 'P', 'G')};
    try {
        for (const int codec : codecs) {
            cv::VideoWriter writer(path.string(), avi ? cv::CAP_OPENCV_MJPEG : cv::CAP_FFMPEG, codec,
                                   format.frames_per_second, cv::Size(format.width, format.height));
            if (writer.isOpened())
                return std::unique_ptr<VideoWriter>(std::make_unique<Writer>(std::move(writer), path));
        }
    } catch (const cv::Exception&) {
        // As below.
    }
    return Error{ErrorCode::unwritable_output, path.string() + ": cannot be written as a video of " +
                                                   std::to_string(format.width) + "x" + std::to_string(format.height) +
                                                   " pixels"};
}

constexpr VideoModule module_functions{open, create};

} // namespace

} // namespace detect::cli

extern "C" __attribute__((visibility("default"))) const detect::cli::VideoModule* detect_video_module() {
    return &detect::cli::module_functions;
}
