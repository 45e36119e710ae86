// SPDX-License-Identifier: Apache-2.0
#include "results/yolo.h"

#include "base/label_name.h"
#include "base/text.h"
#include "results/label_files.h"

#include <array>
#include <cstdio>

namespace detect {

namespace {

/// The line of a class is its number.
std::string class_list(std::span<const std::string> labels) {
    std::string text;
    for (std::size_t i = 0; i < labels.size(); ++i)
        text += without_controls(label_name(static_cast<int>(i) + 1, labels), ' ') + "\n";
    return text;
}

std::string text_of(const PictureResult& result, std::span<const std::string> /*labels*/, const Picture& /*picture*/) {
    return to_yolo(result);
}

std::unique_ptr<PictureWriter> open(PictureTarget target) {
    return std::make_unique<LabelFiles>(
        LabelFileForm{.extension = ".txt", .text = text_of, .folder_file = "classes.txt", .folder_text = class_list},
        std::move(target));
}

} // namespace

constinit const PictureFormat yolo_format{
    .option = {.flag = "--yolo",
               .value = "DIR",
               .help = "Write a .txt for each picture: class (from 0), centre x, y, width, height as shares of the "
                       "picture, score"},
    .reserved_stem = "classes",
    .open = open,
};

std::string to_yolo(const PictureResult& result) {
    std::string lines;
    const double width = result.width;
    const double height = result.height;
    for (const Detection& detection : result.detections) {
        const double x1 = detection.box.x1;
        const double y1 = detection.box.y1;
        const double x2 = detection.box.x2;
        const double y2 = detection.box.y2;
        std::array<char, 512> line{};
        std::snprintf(line.data(), line.size(), "%d %.6f %.6f %.6f %.6f %.6f\n", detection.label - 1,
                      (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height,
                      static_cast<double>(detection.score));
        lines += line.data();
    }
    return lines;
}

} // namespace detect
