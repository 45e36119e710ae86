// SPDX-License-Identifier: Apache-2.0
#include "results/voc.h"

#include "base/escape.h"
#include "base/label_name.h"
#include "pictures/pixel_rect.h"
#include "results/label_files.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace detect {

namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 512> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string text_of(const PictureResult& result, std::span<const std::string> labels, const Picture& picture) {
    const bool grey = picture.format == PixelFormat::grey8 || picture.format == PixelFormat::grey16;
    return to_voc(result, labels, grey ? 1 : 3);
}

std::unique_ptr<PictureWriter> open(PictureTarget target) {
    return std::make_unique<LabelFiles>(LabelFileForm{.extension = ".xml", .text = text_of}, std::move(target));
}

} // namespace

constinit const PictureFormat voc_format{
    .option = {.flag = "--voc",
               .value = "DIR",
               .help =
                   "Write a Pascal VOC .xml for each picture: corners in whole pixels from 1, the last pixel included"},
    .open = open,
};

std::string to_voc(const PictureResult& result, std::span<const std::string> names, int depth) {
    const std::filesystem::path path(result.file);
    std::string xml = "<annotation>\n  <folder>" + xml_text(path.parent_path().filename().string()) +
                      "</folder>\n  <filename>" + xml_text(path.filename().string()) + "</filename>\n  <path>" +
                      xml_text(result.file) + "</path>\n";
    if (result.frame) xml += "  <frame>" + std::to_string(*result.frame) + "</frame>\n";
    xml +=
        formatted("  <size><width>%d</width><height>%d</height><depth>%d</depth></size>\n  <segmented>0</segmented>\n",
                  result.width, result.height, depth);
    for (const Detection& detection : result.detections) {
        const PixelRect pixels = covered_pixels(detection.box, result.width, result.height);
        xml += "  <object>\n    <name>" + xml_text(label_name(detection.label, names)) + "</name>\n" +
               formatted("    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n    <difficult>0</difficult>\n"
                         "    <score>%.6f</score>\n    <bndbox><xmin>%d</xmin><ymin>%d</ymin><xmax>%d</xmax>"
                         "<ymax>%d</ymax></bndbox>\n  </object>\n",
                         static_cast<double>(detection.score), pixels.x + 1, pixels.y + 1, pixels.x + pixels.width,
                         pixels.y + pixels.height);
    }
    return xml + "</annotation>\n";
}

} // namespace detect
