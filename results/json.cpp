// SPDX-License-Identifier: Apache-2.0
#include "results/json.h"

#include "base/label_name.h"
#include "base/text.h"

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

Json to_json(const PictureResult& result, std::span<const std::string> names) {
    Json detections = Json::array();
    for (const Detection& detection : result.detections) detections.push_back(to_json(detection, names));
    Json json{{"file", result.file}};
    if (result.frame) json["frame"] = *result.frame;
    json["width"] = result.width;
    json["height"] = result.height;
    json["detections"] = std::move(detections);
    return json;
}

/// Throws what nlohmann throws for missing keys and other types.
PictureResult from_json(const Json& json) {
    PictureResult result{.file = json.at("file"), .width = json.at("width"), .height = json.at("height")};
    if (json.contains("frame")) result.frame = json.at("frame").get<std::int64_t>();
    for (const Json& item : json.at("detections")) {
        const std::array<float, 4> box = item.at("box");
        result.detections.push_back(
            {.box = {box[0], box[1], box[2], box[3]}, .label = item.at("label_id"), .score = item.at("score")});
    }
    return result;
}

} // namespace

std::string to_json(std::span<const PictureResult> results, std::span<const std::string> names) {
    Json images = Json::array();
    for (const PictureResult& result : results) images.push_back(to_json(result, names));
    const Json document{{"images", std::move(images)}};
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json_line(const PictureResult& result, std::span<const std::string> names) {
    return to_json(result, names).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::vector<PictureResult>> parse_json(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    std::vector<PictureResult> results;
    try {
        for (const Json& image : document.at("images")) results.push_back(from_json(image));
    } catch (const Json::exception&) {
        return Error{ErrorCode::unreadable_input, "is not the JSON that 'detect run' writes"};
    }
    return results;
}

Result<std::vector<PictureResult>> parse_json_lines(std::string_view text) {
    std::vector<PictureResult> results;
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        try {
            results.push_back(from_json(Json::parse(text.substr(0, end))));
        } catch (const Json::exception&) {
            return Error{ErrorCode::unreadable_input, "is not JSON lines as 'detect run' writes them"};
        }
        text.remove_prefix(end + 1);
    }
    return results;
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
        table += without_controls(padded(label_name(detection.label, names)), ' ') + numbers.data();
    }
    return table;
}

} // namespace detect
