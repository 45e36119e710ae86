// SPDX-License-Identifier: Apache-2.0
#include "results/csv.h"

#include "base/label_name.h"
#include "results/lines_writer.h"

#include <array>
#include <charconv>

namespace detect {

namespace {

constexpr std::string_view version = "1";
constexpr std::size_t column_count = 12;

std::string field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
    return quoted + "\"";
}

std::string number(float value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

template <class Number>
bool read(const std::string& text, Number& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size();
}

/// Takes one row off `text`; nothing if it is not ended.
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
            return row;
        } else {
            row.back() += letter;
        }
    }
    return std::nullopt;
}

/// The picture's part of a row, then its detection, if it has one. False if the row is not one of ours.
bool read_row(const std::vector<std::string>& row, std::vector<PictureResult>& results) {
    if (row.size() != column_count || row[0] != version) return false;
    PictureResult picture{.file = row[1]};
    if (!row[2].empty()) picture.frame.emplace();
    if (picture.frame && !read(row[2], *picture.frame)) return false;
    if (!read(row[3], picture.width) || !read(row[4], picture.height)) return false;
    if (row[6].empty()) return results.push_back(std::move(picture)), true;
    Detection detection;
    if (!read(row[6], detection.label) || !read(row[7], detection.score) || !read(row[8], detection.box.x1) ||
        !read(row[9], detection.box.y1) || !read(row[10], detection.box.x2) || !read(row[11], detection.box.y2))
        return false;
    // A picture's rows stand together.
    if (results.empty() || results.back().file != picture.file || results.back().frame != picture.frame)
        results.push_back(std::move(picture));
    results.back().detections.push_back(detection);
    return true;
}

Result<std::unique_ptr<CollectedWriter>> open(CollectedTarget target) {
    return {std::make_unique<LinesWriter>(LinesForm{.header = csv_header, .write = to_csv_rows, .parse = parse_csv},
                                          std::move(target))};
}

} // namespace

constinit const CollectedFormat csv_format{
    .option = {.flag = "--csv",
               .value = "FILE",
               .help = "Write a row for each detection, corners in pixels; a picture without detections gets one row "
                       "with an empty label"},
    .streams = true,
    .open = open,
};

std::string to_csv_rows(const PictureResult& result, std::span<const std::string> names) {
    const std::string picture = std::string(version) + "," + field(result.file) + "," +
                                (result.frame ? std::to_string(*result.frame) : "") + "," +
                                std::to_string(result.width) + "," + std::to_string(result.height) + ",";
    if (result.detections.empty()) return picture + ",,,,,,\n";
    std::string rows;
    for (const Detection& detection : result.detections) {
        const Box& box = detection.box;
        rows += picture + field(label_name(detection.label, names)) + "," + std::to_string(detection.label);
        for (const float value : {detection.score, box.x1, box.y1, box.x2, box.y2}) rows += "," + number(value);
        rows += "\n";
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
