// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json_tree.h"
#include "detect/error.h"
#include "results/picture_result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

/// The one place where the result of a picture becomes JSON, and comes back.
namespace detect {

/// Keys in the order they are written; numbers as float, so that 0.9731F is written 0.9731, not 0.9731000065803528.
using ResultJson =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, std::int64_t, std::uint64_t, float>;

/// Grows when a key changes its meaning, or one that was always there may be missing.
inline constexpr int record_schema_version = 2;

/// `{"schema_version":2,"file":…,"width":…,"height":…,"model":{"name":…,"sha256":…},"min_score":…,
/// "detections":[{"label":…,"label_id":…,"score":…,"box":[x1,y1,x2,y2]}]}`. Boxes are corners in pixels of the upright
/// picture. Where there is something to say, also:
/// - behind the file `page` (from 1, of a file with several) or `frame` (from 0, of a video), `time`, `sha256` (of the
///   picture's file);
/// - `class_scores`: for these classes another score than `min_score` was the least;
/// - `warnings`: `[{"code":…,"message":…}]`, why the detections are doubtful;
/// - `error`: `{"code":…,"message":…}`, why the picture was not judged. Then there are no detections;
/// - `drawn`: the picture that shows them.
[[nodiscard]] ResultJson to_record(const PictureResult& result, std::span<const std::string> names);

/// A whole number that `Number` can hold. nlohmann would make one of any number, whatever becomes of it; this throws
/// its exception.
template <class Number>
[[nodiscard]] Number whole_number(const ResultJson& json) {
    const auto fits = [&] {
        if (json.is_number_unsigned()) return std::in_range<Number>(json.get<std::uint64_t>());
        return json.is_number_integer() && std::in_range<Number>(json.get<std::int64_t>());
    };
    if (!fits()) throw ResultJson::other_error::create(502, "no whole number that fits", &json);
    return json.get<Number>();
}

/// Throws what nlohmann throws for missing keys and other types.
[[nodiscard]] PictureResult from_record(const ResultJson& json);

/// On one line, which is not ended. Numbers are the shortest that read back to the same float32; bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string as_text(const ResultJson& json);
/// The same, and the end of the line.
[[nodiscard]] std::string as_line(const ResultJson& json);

/// "is not WHAT", and where and why if the text has a flaw.
[[nodiscard]] Error not_as_written(std::string_view what, std::string_view text, const std::optional<JsonFlaw>& flaw);

} // namespace detect
