// SPDX-License-Identifier: Apache-2.0
#include "results/record_json.h"

#include "base/escape.h"
#include "base/label_name.h"

#include <array>
#include <memory>

namespace detect {

namespace {

ResultJson to_record(const Detection& detection, std::span<const std::string> names) {
    const Box& box = detection.box;
    return {{"label", label_name(detection.label, names)},
            {"label_id", detection.label},
            {"score", detection.score},
            {"box", {box.x1, box.y1, box.x2, box.y2}}};
}

ResultJson to_record(const Remark& remark) { return {{"code", remark.code}, {"message", remark.message}}; }

Remark remark_from(const ResultJson& json) { return {.code = json.at("code"), .message = json.at("message")}; }

void add_conditions(const ResultConditions& conditions, ResultJson& json) {
    json["model"] = {{"name", conditions.model}, {"sha256", conditions.model_sha256}};
    json["min_score"] = conditions.min_score;
    if (!conditions.class_scores.empty()) json["class_scores"] = conditions.class_scores;
}

std::shared_ptr<const ResultConditions> conditions_from(const ResultJson& json) {
    if (!json.contains("model")) return nullptr;
    auto conditions = std::make_shared<ResultConditions>();
    conditions->model = json.at("model").at("name");
    conditions->model_sha256 = json.at("model").at("sha256");
    conditions->min_score = json.at("min_score");
    if (json.contains("class_scores")) conditions->class_scores = json.at("class_scores");
    return conditions;
}

} // namespace

ResultJson to_record(const PictureResult& result, std::span<const std::string> names) {
    ResultJson detections = ResultJson::array();
    for (const Detection& detection : result.detections) detections.push_back(to_record(detection, names));
    ResultJson json{{"schema_version", record_schema_version}, {"file", result.file}};
    if (result.page) json["page"] = *result.page;
    if (result.frame) json["frame"] = *result.frame;
    if (!result.time.empty()) json["time"] = result.time;
    if (!result.sha256.empty()) json["sha256"] = result.sha256;
    json["width"] = result.width;
    json["height"] = result.height;
    if (result.conditions) add_conditions(*result.conditions, json);
    if (result.error) json["error"] = to_record(*result.error);
    for (const Remark& warning : result.warnings) json["warnings"].push_back(to_record(warning));
    if (!result.drawn.empty()) json["drawn"] = result.drawn;
    json["detections"] = std::move(detections);
    return json;
}

PictureResult from_record(const ResultJson& json) {
    PictureResult result{.file = json.at("file"),
                         .width = whole_number<int>(json.at("width")),
                         .height = whole_number<int>(json.at("height"))};
    if (whole_number<int>(json.at("schema_version")) != record_schema_version)
        throw ResultJson::other_error::create(501, "another version", &json);
    if (json.contains("page")) result.page = whole_number<std::int64_t>(json.at("page"));
    if (json.contains("frame")) result.frame = whole_number<std::int64_t>(json.at("frame"));
    if (json.contains("time")) result.time = json.at("time");
    if (json.contains("sha256")) result.sha256 = json.at("sha256");
    if (json.contains("error")) result.error = remark_from(json.at("error"));
    if (json.contains("warnings")) {
        for (const ResultJson& warning : json.at("warnings")) result.warnings.push_back(remark_from(warning));
    }
    if (json.contains("drawn")) result.drawn = json.at("drawn");
    result.conditions = conditions_from(json);
    for (const ResultJson& item : json.at("detections")) {
        const std::array<float, 4> box = item.at("box");
        result.detections.push_back({.box = {box[0], box[1], box[2], box[3]},
                                     .label = whole_number<int>(item.at("label_id")),
                                     .score = item.at("score")});
    }
    return result;
}

Error not_as_written(std::string_view what, std::string_view text, const std::optional<JsonFlaw>& flaw) {
    const auto code =
        flaw && flaw->kind == JsonFlaw::Kind::memory ? ErrorCode::resource_limit : ErrorCode::unreadable_input;
    return {code, "is not " + std::string(what) + (flaw ? ": " + describe(*flaw, text) : "")};
}

std::string as_text(const ResultJson& json) {
    return json_text(json.dump(-1, ' ', false, ResultJson::error_handler_t::replace));
}

std::string as_line(const ResultJson& json) { return as_text(json) + "\n"; }

} // namespace detect
