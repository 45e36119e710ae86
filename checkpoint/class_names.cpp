// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/class_names.h"

#include "base/regular_file.h"
#include "base/text_encoding.h"

#include <cstdint>
#include <sstream>

namespace detect {

namespace {

constexpr std::uint64_t largest_label_file = 16 << 20;
constexpr std::size_t most_labels = 65536;

} // namespace

Result<std::vector<std::string>> read_labels(const std::string& path) {
    const auto refuse = [&](const std::string& what) {
        return Error{ErrorCode::unreadable_input,
                     path + ": " + what + "; give a text file of class names, one a line, without the background"};
    };
    const auto opened = RegularFile::open(path);
    if (!opened) return refuse(opened.error().message);
    if (opened->size() > largest_label_file) return refuse("is too large to be a list of class names");
    auto text = opened->text(largest_label_file);
    if (!text) return refuse(text.error().message);
    std::istringstream file(*std::move(text));

    std::vector<std::string> labels;
    for (std::string line; std::getline(file, line);) {
        if (labels.empty() && is_utf16(line)) {
            return Error{ErrorCode::unreadable_input, path + ": is UTF-16; save it as UTF-8"};
        }
        if (labels.empty() && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.find('\0') != std::string::npos) return refuse("is not a text file");
        if (const auto byte = first_byte_beyond_utf8(line)) {
            return Error{ErrorCode::unreadable_input, path + ": line " + std::to_string(labels.size() + 1) + ", byte " +
                                                          std::to_string(*byte + 1) +
                                                          ": is not UTF-8; save the file as UTF-8"};
        }
        if (labels.size() == most_labels) return refuse("has more than " + std::to_string(most_labels) + " lines");
        labels.push_back(line);
    }
    while (!labels.empty() && labels.back().empty()) labels.pop_back();
    if (labels.empty()) return refuse("no class names found");
    return labels;
}

std::vector<std::string> coco_labels() {
    return {"person",        "bicycle",       "car",          "motorcycle",     "airplane",     "bus",
            "train",         "truck",         "boat",         "traffic light",  "fire hydrant", "N/A",
            "stop sign",     "parking meter", "bench",        "bird",           "cat",          "dog",
            "horse",         "sheep",         "cow",          "elephant",       "bear",         "zebra",
            "giraffe",       "N/A",           "backpack",     "umbrella",       "N/A",          "N/A",
            "handbag",       "tie",           "suitcase",     "frisbee",        "skis",         "snowboard",
            "sports ball",   "kite",          "baseball bat", "baseball glove", "skateboard",   "surfboard",
            "tennis racket", "bottle",        "N/A",          "wine glass",     "cup",          "fork",
            "knife",         "spoon",         "bowl",         "banana",         "apple",        "sandwich",
            "orange",        "broccoli",      "carrot",       "hot dog",        "pizza",        "donut",
            "cake",          "chair",         "couch",        "potted plant",   "bed",          "N/A",
            "dining table",  "N/A",           "N/A",          "toilet",         "N/A",          "tv",
            "laptop",        "mouse",         "remote",       "keyboard",       "cell phone",   "microwave",
            "oven",          "toaster",       "sink",         "refrigerator",   "N/A",          "book",
            "clock",         "vase",          "scissors",     "teddy bear",     "hair drier",   "toothbrush"};
}

} // namespace detect
