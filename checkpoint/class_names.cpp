// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/class_names.h"

#include "base/regular_file.h"
#include "base/text_encoding.h"

#include <algorithm>
#include <cstdint>

namespace detect {

namespace {

constexpr std::uint64_t largest_label_file = 16 << 20;
constexpr std::size_t most_labels = 65536;

Error no_label_file(const std::string& path, const std::string& what) {
    return {ErrorCode::unreadable_input,
            path + ": " + what + "; give a text file of class names, one a line, without the background"};
}

} // namespace

Result<std::vector<std::string>> read_labels(const std::string& path) {
    const auto refuse = [&](const std::string& what) { return no_label_file(path, what); };
    const auto opened = RegularFile::open(path);
    if (!opened) return refuse(opened.error().message);
    if (opened->size() > largest_label_file) return refuse("is too large to be a list of class names");
    const auto text = opened->text(largest_label_file);
    if (!text) return refuse(text.error().message);
    return parse_labels(*text, path);
}

Result<std::vector<std::string>> parse_labels(std::string_view text, const std::string& path) {
    const auto refuse = [&](const std::string& what) { return no_label_file(path, what); };
    std::vector<std::string> labels;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (labels.empty() && is_utf16(line)) {
            return Error{ErrorCode::unreadable_input, path + ": is UTF-16; save it as UTF-8"};
        }
        if (labels.empty() && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.find('\0') != std::string::npos) return refuse("is not a text file");
        if (const auto byte = first_byte_beyond_utf8(line)) {
            return Error{ErrorCode::unreadable_input, path + ": line " + std::to_string(labels.size() + 1) + ", byte " +
                                                          std::to_string(*byte + 1) +
                                                          ": is not UTF-8; save the file as UTF-8"};
        }
        if (labels.size() == most_labels) return refuse("has more than " + std::to_string(most_labels) + " lines");
        labels.emplace_back(line);
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
