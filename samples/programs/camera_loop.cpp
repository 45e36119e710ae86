// SPDX-License-Identifier: Apache-2.0
// camera_loop MODEL.onnx SOURCE [FRAMES]: SOURCE is a camera's number, a video or stream, or a folder of frames.
// A thread grabs the next frame while this one looks at the last. Of a live source, frames that come too fast are
// dropped, so that what is reported is never old; of a folder, every frame is looked at.
#include <detect/opencv.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Frame {
    cv::Mat picture;
    Clock::time_point taken;
};

/// Room for one frame between two threads.
class Exchange {
public:
    /// A frame that nobody took gives way to the new one, or (`wait`) the new one waits.
    void put(Frame frame, bool wait) {
        std::unique_lock lock(mutex_);
        if (wait) changed_.wait(lock, [&] { return !frame_ || ended_; });
        frame_ = std::move(frame);
        changed_.notify_all();
    }
    /// Nothing once the source has ended.
    std::optional<Frame> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return frame_ || ended_; });
        std::optional<Frame> frame = std::move(frame_);
        frame_.reset();
        changed_.notify_all();
        return frame;
    }
    void end() {
        const std::scoped_lock lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    bool ended() {
        const std::scoped_lock lock(mutex_);
        return ended_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Frame> frame_;
    bool ended_ = false;
};

/// Gives one picture after the other, an empty one at the end. Nothing if the source cannot be opened.
std::function<cv::Mat()> open_source(const std::string& source) {
    if (std::filesystem::is_directory(source)) {
        std::vector<std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator(source)) files.push_back(entry.path().string());
        std::sort(files.rbegin(), files.rend());
        return [files]() mutable {
            cv::Mat picture;
            while (picture.empty() && !files.empty()) {
                picture = cv::imread(files.back());
                files.pop_back();
            }
            return picture;
        };
    }
    const bool number = source.find_first_not_of("0123456789") == std::string::npos;
    auto capture = std::make_shared<cv::VideoCapture>();
    if (!(number ? capture->open(std::atoi(source.c_str())) : capture->open(source))) return nullptr;
    return [capture] {
        cv::Mat picture;
        capture->read(picture);
        return picture;
    };
}

double percentile(const std::vector<double>& sorted, double part) {
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
}

} // namespace

int main(int count, char** words) {
    if (count < 3) return std::fprintf(stderr, "usage: camera_loop MODEL.onnx CAMERA|VIDEO|FOLDER [FRAMES]\n"), 2;
    const std::size_t wanted = count > 3 ? std::strtoul(words[3], nullptr, 10) : SIZE_MAX;
    const auto detector = detect::Detector::load(words[1]);
    if (!detector) return std::fprintf(stderr, "%s\n", detector.error().message.c_str()), 1;
    const auto next = open_source(words[2]);
    if (!next) return std::fprintf(stderr, "%s cannot be opened\n", words[2]), 1;
    const bool live = !std::filesystem::exists(words[2]);

    Exchange exchange;
    std::thread grabber([&] {
        while (!exchange.ended()) {
            cv::Mat picture = next();
            if (picture.empty()) break;
            exchange.put({std::move(picture), Clock::now()}, !live);
        }
        exchange.end();
    });
    std::vector<double> latencies; // from the frame's arrival to its detections, in ms
    std::string error;
    while (latencies.size() < wanted && error.empty()) {
        const std::optional<Frame> frame = exchange.take();
        if (!frame) break;
        const auto found = detect::run(*detector, frame->picture);
        if (!found) {
            error = found.error().message;
            break;
        }
        latencies.push_back(std::chrono::duration<double, std::milli>(Clock::now() - frame->taken).count());
        std::printf("frame %zu: %zu objects, %.1f ms\n", latencies.size(), found->detections.size(), latencies.back());
        std::fflush(stdout);
    }
    exchange.end();
    grabber.join();
    if (!error.empty() || latencies.empty()) {
        return std::fprintf(stderr, "%s\n", error.empty() ? "there are no frames" : error.c_str()), 1;
    }
    std::sort(latencies.begin(), latencies.end());
    std::printf("%zu frames: p50 %.1f ms, p95 %.1f ms, p99 %.1f ms\n", latencies.size(), percentile(latencies, 0.50),
                percentile(latencies, 0.95), percentile(latencies, 0.99));
}
