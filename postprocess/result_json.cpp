#include "postprocess/result_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace detect {

namespace {

/// Keys in the order they are written; numbers as float, so that 0.9731F is written 0.9731, not 0.9731000065803528.
using Json =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, std::int64_t, std::uint64_t, float>;

Json to_json(const Detection& detection, std::span<const std::string> names) {
    const Box& box = detection.box;
    return {{"label", label_name(detection.label, names)},
            {"label_id", detection.label},
            {"score", detection.score},
            {"box", {box.x1, box.y1, box.x2, box.y2}}};
}

/// Columns a terminal shows for a UTF-8 text, one per code point.
std::size_t columns(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// Control characters in a class name would break the table or the terminal.
std::string on_one_line(std::string text) {
    for (char& letter : text) {
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) letter = ' ';
    }
    return text;
}

} // namespace

std::string label_name(int label, std::span<const std::string> names) {
    if (label >= 1 && static_cast<std::size_t>(label) <= names.size()) {
        const std::string& name = names[static_cast<std::size_t>(label) - 1];
        if (!name.empty()) return name;
    }
    return "class " + std::to_string(label);
}

std::string to_json(std::span<const PictureResult> results, std::span<const std::string> names) {
    Json images = Json::array();
    for (const PictureResult& result : results) {
        Json detections = Json::array();
        for (const Detection& detection : result.detections) detections.push_back(to_json(detection, names));
        images.push_back({{"file", result.file},
                          {"width", result.width},
                          {"height", result.height},
                          {"detections", std::move(detections)}});
    }
    const Json document{{"images", std::move(images)}};
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_table(std::span<const Detection> detections, std::span<const std::string> names) {
    if (detections.empty()) return "no detections\n";
    std::size_t widest = columns("label");
    for (const Detection& detection : detections) {
        widest = std::max(widest, columns(label_name(detection.label, names)));
    }
    const auto padded = [widest](const std::string& text) { return text + std::string(widest - columns(text), ' '); };
    std::string table = padded("label") + "  score        x1        y1        x2        y2\n";
    for (const Detection& detection : detections) {
        std::array<char, 256> numbers{};
        const Box& box = detection.box;
        std::snprintf(numbers.data(), numbers.size(), "  %5.3f  %8.1f  %8.1f  %8.1f  %8.1f\n",
                      static_cast<double>(detection.score), static_cast<double>(box.x1), static_cast<double>(box.y1),
                      static_cast<double>(box.x2), static_cast<double>(box.y2));
        table += on_one_line(padded(label_name(detection.label, names))) + numbers.data();
    }
    return table;
}

} // namespace detect
