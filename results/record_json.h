// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

/// The one place where the result of a picture becomes JSON, and comes back.
namespace detect {

/// Keys in the order they are written; numbers as float, so that 0.9731F is written 0.9731, not 0.9731000065803528.
using ResultJson =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, std::int64_t, std::uint64_t, float>;

/// `{"file":…,"width":…,"height":…,"detections":[{"label":…,"label_id":…,"score":…,"box":[x1,y1,x2,y2]}]}`. A frame of
/// a video also has `"frame":…` behind its file. Boxes are corners in pixels of the upright picture.
[[nodiscard]] ResultJson to_record(const PictureResult& result, std::span<const std::string> names);

/// Throws what nlohmann throws for missing keys and other types.
[[nodiscard]] PictureResult from_record(const ResultJson& json);

/// On one line, which is ended. Numbers are the shortest that read back to the same float32; bytes that are not UTF-8
/// become U+FFFD.
[[nodiscard]] std::string as_line(const ResultJson& json);

} // namespace detect
