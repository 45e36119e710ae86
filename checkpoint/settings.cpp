// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings.h"

#include "base/try.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include <nlohmann/json.hpp>

namespace detect {

namespace {

template <class T>
std::string join(const std::vector<T>& values) {
    std::string text;
    for (const T value : values) {
        char buffer[32];
        const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value);
        if (!text.empty()) text += ",";
        text.append(buffer, end.ptr);
    }
    return text;
}

template <class T>
Result<std::vector<T>> parse_list(std::string_view text) {
    std::vector<T> values;
    std::string_view rest = text;
    while (true) {
        const std::size_t comma = rest.find(',');
        const std::string_view item = rest.substr(0, comma);
        T value{};
        const auto [end, code] = std::from_chars(item.data(), item.data() + item.size(), value);
        if (code != std::errc{} || end != item.data() + item.size()) {
            return Error{ErrorCode::invalid_argument,
                         "'" + std::string(text) + "' is not a list of numbers separated by commas"};
        }
        values.push_back(value);
        if (comma == std::string_view::npos) return values;
        rest.remove_prefix(comma + 1);
    }
}

constexpr std::uintmax_t largest_label_file = 16 << 20;

/// One setting: its key, and how it is read from and written as text.
struct Field {
    std::string_view key;
    std::function<std::string(const NetworkSettings&)> write;
    std::function<Result<void>(NetworkSettings&, std::string_view)> read;
};

template <class T, class Access>
Field number_field(std::string_view key, Access access) {
    return {key,
            [=](const NetworkSettings& s) { return join(std::vector<T>{access(const_cast<NetworkSettings&>(s))}); },
            [=](NetworkSettings& s, std::string_view text) -> Result<void> {
                DETECT_TRY_ASSIGN(const auto values, parse_list<T>(text));
                if (values.size() != 1) return Error{ErrorCode::invalid_argument, "one number is expected"};
                access(s) = values.front();
                return {};
            }};
}

template <class T, class Access>
Field list_field(std::string_view key, Access access) {
    return {key, [=](const NetworkSettings& s) { return join<T>(access(const_cast<NetworkSettings&>(s))); },
            [=](NetworkSettings& s, std::string_view text) -> Result<void> {
                DETECT_TRY_ASSIGN(access(s), parse_list<T>(text));
                return {};
            }};
}

Result<void> read_label_list(NetworkSettings& settings, std::string_view text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_array()) return Error{ErrorCode::invalid_argument, "a JSON list of names is expected"};
    std::vector<std::string> labels;
    for (const auto& item : json) {
        if (!item.is_string()) return Error{ErrorCode::invalid_argument, "a JSON list of names is expected"};
        labels.push_back(item.get<std::string>());
    }
    settings.labels = std::move(labels);
    return {};
}

std::string write_label_list(const NetworkSettings& settings) {
    return nlohmann::json(settings.labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<Field> fields() {
    using S = NetworkSettings;
    return {
        number_field<std::int64_t>(
            "min_size", [](S & s) -> auto& { return s.transform.min_size; }),
        number_field<std::int64_t>(
            "max_size", [](S & s) -> auto& { return s.transform.max_size; }),
        list_field<std::int64_t>(
            "anchor_sizes", [](S & s) -> auto& { return s.anchors.sizes; }),
        list_field<float>(
            "aspect_ratios", [](S & s) -> auto& { return s.anchors.aspect_ratios; }),
        number_field<std::int64_t>(
            "rpn_pre_nms_top_n", [](S & s) -> auto& { return s.proposals.pre_nms_top_n; }),
        number_field<std::int64_t>(
            "rpn_post_nms_top_n", [](S & s) -> auto& { return s.proposals.post_nms_top_n; }),
        number_field<float>(
            "rpn_nms_threshold", [](S & s) -> auto& { return s.proposals.nms_threshold; }),
        number_field<float>(
            "rpn_score_threshold", [](S & s) -> auto& { return s.proposals.score_threshold; }),
        number_field<float>(
            "score_threshold", [](S & s) -> auto& { return s.selection.score_threshold; }),
        number_field<float>(
            "nms_threshold", [](S & s) -> auto& { return s.selection.nms_threshold; }),
        number_field<std::int64_t>(
            "max_detections", [](S & s) -> auto& { return s.selection.max_detections; }),
        {"labels", write_label_list, read_label_list},
    };
}

} // namespace

NetworkSettings NetworkSettings::preset_320() {
    NetworkSettings settings;
    settings.transform = {.min_size = 320, .max_size = 640};
    settings.proposals.pre_nms_top_n = 150;
    settings.proposals.post_nms_top_n = 150;
    return settings;
}

std::map<std::string, std::string> to_metadata(const NetworkSettings& settings) {
    std::map<std::string, std::string> metadata;
    for (const Field& field : fields()) metadata.emplace(field.key, field.write(settings));
    return metadata;
}

Result<void> apply_metadata(NetworkSettings& settings, const std::map<std::string, std::string>& metadata) {
    for (const Field& field : fields()) {
        const auto entry = metadata.find(std::string(field.key));
        if (entry == metadata.end()) continue;
        if (auto done = field.read(settings, entry->second); !done) {
            return Error{ErrorCode::bad_model, "metadata '" + entry->first + "': " + done.error().message};
        }
    }
    return {};
}

Result<void> check(const NetworkSettings& s) {
    const auto refuse = [](const std::string& what) { return Error{ErrorCode::invalid_argument, what}; };
    // Larger pictures than this would not fit the exact integer arithmetic of the resize, nor any memory.
    constexpr std::int64_t largest_side = 1 << 16;
    if (s.transform.min_size < 32 || s.transform.max_size > largest_side ||
        s.transform.min_size > s.transform.max_size) {
        return refuse("image sizes must satisfy 32 <= min_size <= max_size <= 65536, but are " +
                      std::to_string(s.transform.min_size) + " and " + std::to_string(s.transform.max_size));
    }
    if (s.anchors.sizes.empty() || s.anchors.aspect_ratios.empty())
        return refuse("anchor sizes and ratios may not be empty");
    for (const std::int64_t size : s.anchors.sizes) {
        if (size < 1 || size > largest_side)
            return refuse("an anchor size must be 1 to 65536 pixels, not " + std::to_string(size));
    }
    for (const float ratio : s.anchors.aspect_ratios) {
        if (!(ratio >= 0.01F && ratio <= 100.0F))
            return refuse("an aspect ratio must be 0.01 to 100, not " + std::to_string(ratio));
    }
    for (const auto& [name, count] : {std::pair{"rpn_pre_nms_top_n", s.proposals.pre_nms_top_n},
                                      std::pair{"rpn_post_nms_top_n", s.proposals.post_nms_top_n},
                                      std::pair{"max_detections", s.selection.max_detections}}) {
        if (count < 1 || count > 1'000'000)
            return refuse(std::string(name) + " must be 1 to 1000000, not " + std::to_string(count));
    }
    for (const auto& [name, value] : {std::pair{"rpn_nms_threshold", s.proposals.nms_threshold},
                                      std::pair{"rpn_score_threshold", s.proposals.score_threshold},
                                      std::pair{"score_threshold", s.selection.score_threshold},
                                      std::pair{"nms_threshold", s.selection.nms_threshold}}) {
        if (!(value >= 0.0F && value <= 1.0F))
            return refuse(std::string(name) + " must be 0 to 1, not " + std::to_string(value));
    }
    return {};
}

Result<std::vector<std::int64_t>> parse_integers(std::string_view text) { return parse_list<std::int64_t>(text); }
Result<std::vector<float>> parse_numbers(std::string_view text) { return parse_list<float>(text); }

Result<std::vector<std::string>> read_labels(const std::string& path) {
    const auto refuse = [&](const std::string& what) {
        return Error{ErrorCode::unreadable_input,
                     path + ": " + what + "; give a text file of class names, one a line, without the background"};
    };
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    if (!std::filesystem::exists(status)) return refuse("no such file");
    if (!std::filesystem::is_regular_file(status)) return refuse("is not a file");
    if (std::filesystem::file_size(path, code) > largest_label_file)
        return refuse("is too large to be a list of class names");
    std::ifstream file(path, std::ios::binary);
    if (!file) return refuse("cannot be read");

    std::vector<std::string> labels;
    for (std::string line; std::getline(file, line);) {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        if (labels.empty() && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.find('\0') != std::string::npos) return refuse("is not a text file");
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
