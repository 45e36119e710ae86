// SPDX-License-Identifier: Apache-2.0
// What tests need of OpenCV's videoio, as a program:
//   video_tool make FILE WIDTH HEIGHT FRAMES  writes a video at 10 frames per second, each frame of one grey value, 40
//                                             times its number
//   video_tool read FILE                      prints "WIDTH HEIGHT RATE" and the mean of each frame's centre on a line
#include <cstdlib>
#include <iostream>
#include <string>

#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>

namespace {

int make(const std::string& file, const cv::Size& size, int frames) {
    const int codec = file.ends_with(".avi") ? cv::VideoWriter::fourcc('M', 'J', 'P', 'G')
                                             : cv::VideoWriter::fourcc('m', 'p', '4', 'v');
    cv::VideoWriter writer(file, codec, 10.0, size);
    for (int i = 0; i < frames; ++i) writer.write(cv::Mat(size, CV_8UC3, cv::Scalar::all(40.0 * i)));
    return writer.isOpened() ? 0 : 1;
}

int read(const std::string& file) {
    cv::VideoCapture capture(file);
    if (!capture.isOpened()) return 1;
    std::cout << capture.get(cv::CAP_PROP_FRAME_WIDTH) << " " << capture.get(cv::CAP_PROP_FRAME_HEIGHT) << " "
              << capture.get(cv::CAP_PROP_FPS) << "\n";
    for (cv::Mat frame; capture.read(frame);) {
        const cv::Mat centre = frame(cv::Rect(frame.cols / 2, frame.rows / 2, frame.cols / 4, frame.rows / 4));
        std::cout << cv::mean(centre)[0] << "\n";
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 2 ? argv[1] : "";
    if (verb == "make" && argc == 6) return make(argv[2], {std::atoi(argv[3]), std::atoi(argv[4])}, std::atoi(argv[5]));
    return verb == "read" ? read(argv[2]) : 2;
}
