// SPDX-License-Identifier: Apache-2.0
#include "results/record_json.h"

#include "base/label_name.h"

#include <array>

namespace detect {

namespace {

ResultJson to_record(const Detection& detection, std::span<const std::string> names) {
    const Box& box = detection.box;
    return {{"label", label_name(detection.label, names)},
            {"label_id", detection.label},
            {"score", detection.score},
            {"box", {box.x1, box.y1, box.x2, box.y2}}};
}

} // namespace

ResultJson to_record(const PictureResult& result, std::span<const std::string> names) {
    ResultJson detections = ResultJson::array();
    for (const Detection& detection : result.detections) detections.push_back(to_record(detection, names));
    ResultJson json{{"file", result.file}};
    if (result.frame) json["frame"] = *result.frame;
    json["width"] = result.width;
    json["height"] = result.height;
    json["detections"] = std::move(detections);
    return json;
}

PictureResult from_record(const ResultJson& json) {
    PictureResult result{.file = json.at("file"), .width = json.at("width"), .height = json.at("height")};
    if (json.contains("frame")) result.frame = json.at("frame").get<std::int64_t>();
    for (const ResultJson& item : json.at("detections")) {
        const std::array<float, 4> box = item.at("box");
        result.detections.push_back(
            {.box = {box[0], box[1], box[2], box[3]}, .label = item.at("label_id"), .score = item.at("score")});
    }
    return result;
}

std::string as_line(const ResultJson& json) {
    return json.dump(-1, ' ', false, ResultJson::error_handler_t::replace) + "\n";
}

} // namespace detect
