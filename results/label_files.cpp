// SPDX-License-Identifier: Apache-2.0
#include "results/label_files.h"

#include "base/label_name.h"
#include "base/text.h"
#include "pictures/pixel_rect.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace detect {

namespace {

/// Text between tags: no character that XML 1.0 has no place for.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char letter : without_controls(valid_utf8(text), ' ')) {
        switch (letter) {
        case '&': result += "&amp;"; break;
        case '<': result += "&lt;"; break;
        case '>': result += "&gt;"; break;
        default: result += letter;
        }
    }
    return result;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 512> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

} // namespace

std::string to_yolo(const PictureResult& result) {
    std::string lines;
    const double width = result.width;
    const double height = result.height;
    for (const Detection& detection : result.detections) {
        const double x1 = detection.box.x1;
        const double y1 = detection.box.y1;
        const double x2 = detection.box.x2;
        const double y2 = detection.box.y2;
        lines += formatted("%d %.6f %.6f %.6f %.6f %.6f\n", detection.label - 1, (x1 + x2) / 2 / width,
                           (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height,
                           static_cast<double>(detection.score));
    }
    return lines;
}

std::string to_voc(const PictureResult& result, std::span<const std::string> names, int depth) {
    const std::filesystem::path path(result.file);
    std::string xml = "<annotation>\n  <folder>" + escaped(path.parent_path().filename().string()) +
                      "</folder>\n  <filename>" + escaped(path.filename().string()) + "</filename>\n  <path>" +
                      escaped(result.file) + "</path>\n";
    if (result.frame) xml += "  <frame>" + std::to_string(*result.frame) + "</frame>\n";
    xml +=
        formatted("  <size><width>%d</width><height>%d</height><depth>%d</depth></size>\n  <segmented>0</segmented>\n",
                  result.width, result.height, depth);
    for (const Detection& detection : result.detections) {
        const PixelRect pixels = covered_pixels(detection.box, result.width, result.height);
        xml += "  <object>\n    <name>" + escaped(label_name(detection.label, names)) + "</name>\n" +
               formatted("    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n    <difficult>0</difficult>\n"
                         "    <score>%.6f</score>\n    <bndbox><xmin>%d</xmin><ymin>%d</ymin><xmax>%d</xmax>"
                         "<ymax>%d</ymax></bndbox>\n  </object>\n",
                         static_cast<double>(detection.score), pixels.x + 1, pixels.y + 1, pixels.x + pixels.width,
                         pixels.y + pixels.height);
    }
    return xml + "</annotation>\n";
}

} // namespace detect
