// SPDX-License-Identifier: Apache-2.0
// hello MODEL.onnx PICTURE: what is in the picture.
#include <cstdio>
#include <detect/opencv.h>
#include <opencv2/imgcodecs.hpp>

int main(int count, char** words) {
    const auto detector = detect::Detector::load(count == 3 ? words[1] : "model.onnx");
    if (!detector) return std::fprintf(stderr, "%s\n", detector.error().message.c_str()), 1;
    const auto found = detect::run(*detector, cv::imread(words[count - 1]));
    if (!found) return std::fprintf(stderr, "%s\n", found.error().message.c_str()), 1;
    for (const auto& d : found->detections)
        std::printf("%s %.3f %.1f %.1f %.1f %.1f\n", detector->label_name(d.label).c_str(), d.score, d.box.x1, d.box.y1,
                    d.box.x2, d.box.y2);
}
