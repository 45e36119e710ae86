// SPDX-License-Identifier: Apache-2.0
#include "results/csv.h"

#include "base/escape.h"
#include "base/label_name.h"
#include "base/text.h"
#include "results/lines_writer.h"

#include <charconv>
#include <memory>

namespace detect {

namespace {

constexpr std::string_view version = "2";
constexpr std::string_view between_warnings = " | ";

namespace column {
enum : std::size_t {
    version,
    file,
    page,
    frame,
    width,
    height,
    label,
    label_id,
    score,
    x1,
    y1,
    x2,
    y2,
    error,
    warnings,
    drawn,
    time,
    sha256,
    min_score,
    model,
    model_sha256,
    count
};
} // namespace column

template <class Number>
bool read(const std::string& text, Number& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size();
}

/// Takes one row of cells off `text`; nothing if it is not ended.
std::optional<std::vector<std::string>> take_row(std::string_view& text) {
    std::vector<std::string> row(1);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        if (quoted) {
            const bool doubled = letter == '"' && i + 1 < text.size() && text[i + 1] == '"';
            if (letter != '"' || doubled) row.back() += letter;
            if (doubled) ++i;
            quoted = letter != '"' || doubled;
        } else if (letter == '"') {
            quoted = true;
        } else if (letter == ',') {
            row.emplace_back();
        } else if (letter == '\n') {
            text.remove_prefix(i + 1);
            for (std::string& cell : row) cell = text_of_csv_cell(cell);
            return row;
        } else {
            row.back() += letter;
        }
    }
    return std::nullopt;
}

/// "code: sentence", and back.
std::string text_of(const Remark& remark) { return remark.code + ": " + remark.message; }
Remark remark_in(std::string_view text) {
    const std::size_t end = text.find(": ");
    if (end == std::string_view::npos) return {.code = {}, .message = std::string(text)};
    return {.code = std::string(text.substr(0, end)), .message = std::string(text.substr(end + 2))};
}

std::vector<Remark> warnings_in(std::string_view text) {
    std::vector<Remark> warnings;
    while (!text.empty()) {
        const std::size_t end = text.find(between_warnings);
        warnings.push_back(remark_in(text.substr(0, end)));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + between_warnings.size());
    }
    return warnings;
}

/// The least score of a class.
float least_score(const ResultConditions& conditions, const std::string& label) {
    const auto found = conditions.class_scores.find(label);
    return found == conditions.class_scores.end() ? conditions.min_score : found->second;
}

bool read_optional(const std::string& text, std::optional<std::int64_t>& value) {
    return text.empty() || read(text, value.emplace());
}

/// What a row says of the picture. False if it is not one of ours.
bool read_picture(const std::vector<std::string>& row, PictureResult& picture) {
    picture.file = row[column::file];
    if (!read_optional(row[column::page], picture.page) || !read_optional(row[column::frame], picture.frame) ||
        !read(row[column::width], picture.width) || !read(row[column::height], picture.height))
        return false;
    if (!row[column::error].empty()) picture.error = remark_in(row[column::error]);
    picture.warnings = warnings_in(row[column::warnings]);
    picture.drawn = row[column::drawn];
    picture.time = row[column::time];
    picture.sha256 = row[column::sha256];
    return true;
}

/// The conditions of a picture's rows so far, and of one more: each knows the least score of its own class.
bool add_conditions(const std::vector<std::string>& row, PictureResult& picture) {
    if (row[column::min_score].empty()) return true;
    auto conditions = std::make_shared<ResultConditions>();
    float least = 0.0F;
    if (!read(row[column::min_score], least)) return false;
    if (picture.conditions) {
        *conditions = *picture.conditions;
    } else {
        *conditions = {.model = row[column::model], .model_sha256 = row[column::model_sha256], .min_score = least};
    }
    if (least != conditions->min_score) conditions->class_scores[row[column::label]] = least;
    picture.conditions = std::move(conditions);
    return true;
}

/// False if the row is not one of ours.
bool read_row(const std::vector<std::string>& row, std::vector<PictureResult>& results) {
    if (row.size() != column::count || row[column::version] != version) return false;
    PictureResult picture;
    if (!read_picture(row, picture)) return false;
    const bool has_detection = !row[column::label_id].empty();
    Detection detection;
    Box& box = detection.box;
    if (has_detection && (!read(row[column::label_id], detection.label) || !read(row[column::score], detection.score) ||
                          !read(row[column::x1], box.x1) || !read(row[column::y1], box.y1) ||
                          !read(row[column::x2], box.x2) || !read(row[column::y2], box.y2)))
        return false;
    // A picture's rows stand together.
    const bool goes_on = has_detection && !results.empty() && key(results.back()) == key(picture) &&
                         results.back().time == picture.time && !results.back().detections.empty();
    if (!goes_on) results.push_back(std::move(picture));
    if (has_detection) results.back().detections.push_back(detection);
    return add_conditions(row, results.back());
}

Result<std::unique_ptr<CollectedWriter>> open(CollectedTarget target) {
    return LinesWriter::open({.header = csv_header, .write = to_csv_rows, .parse = parse_csv}, std::move(target));
}

} // namespace

constinit const CollectedFormat csv_format{
    .option = {.flag = "--csv",
               .value = "FILE",
               .help = "Write a row for each detection, corners in pixels; a picture without detections gets one row "
                       "with an empty label, and the reason under 'error' if it was not judged"},
    .streams = true,
    .holds_errors = true,
    .open = open,
};

std::string to_csv_rows(const PictureResult& result, std::span<const std::string> names) {
    const auto optional = [](const auto& value) { return value ? std::to_string(*value) : std::string(); };
    const std::string before = std::string(version) + "," + csv_cell(result.file) + "," + optional(result.page) + "," +
                               optional(result.frame) + "," + std::to_string(result.width) + "," +
                               std::to_string(result.height) + ",";
    std::string warnings;
    for (const Remark& warning : result.warnings)
        warnings += (warnings.empty() ? "" : std::string(between_warnings)) + text_of(warning);
    const std::string behind = "," + (result.error ? csv_cell(text_of(*result.error)) : "") + "," + csv_cell(warnings) +
                               "," + csv_cell(result.drawn) + "," + csv_cell(result.time) + "," +
                               csv_cell(result.sha256) + ",";
    const auto conditions = [&](const std::string& label) {
        if (!result.conditions) return std::string(",,\n");
        return shortest_text(least_score(*result.conditions, label)) + "," + csv_cell(result.conditions->model) + "," +
               csv_cell(result.conditions->model_sha256) + "\n";
    };
    if (result.detections.empty()) return before + ",,,,,," + behind + conditions("");
    std::string rows;
    for (const Detection& detection : result.detections) {
        const Box& box = detection.box;
        const std::string label = label_name(detection.label, names);
        rows += before + csv_cell(label) + "," + std::to_string(detection.label);
        for (const float value : {detection.score, box.x1, box.y1, box.x2, box.y2}) rows += "," + shortest_text(value);
        rows += behind + conditions(label);
    }
    return rows;
}

Result<std::vector<PictureResult>> parse_csv(std::string_view text) {
    const Error other{ErrorCode::unreadable_input, "is not CSV as this version of 'detect run' writes it"};
    std::vector<PictureResult> results;
    if (text.empty()) return results;
    if (!text.starts_with(csv_header)) return other;
    text.remove_prefix(csv_header.size());
    while (const auto row = take_row(text)) {
        if (!read_row(*row, results)) return other;
    }
    return results;
}

} // namespace detect
