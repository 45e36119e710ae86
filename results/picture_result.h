// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace detect {

/// What a reader of a result has to know: a word for programs, a sentence for people.
struct Remark {
    std::string code;
    std::string message;

    friend bool operator==(const Remark&, const Remark&) = default;
};

/// What results were found under: the same for all of a run.
struct ResultConditions {
    /// The model's name for people, and the SHA-256 of its file; empty: not known.
    std::string model;
    std::string model_sha256;
    /// Only detections with at least this score were kept …
    float min_score = 0.0F;
    /// … or, for these classes by name, at least this.
    std::map<std::string, float> class_scores = {};

    friend bool operator==(const ResultConditions&, const ResultConditions&) = default;
};

/// What was found in one picture: a file, a page of one, or a frame of a video. Width and height are those of the
/// upright picture, the frame of the boxes; 0 if it could not be read.
struct PictureResult {
    /// Its path, as `path_as_text` gives it.
    std::string file;
    int width = 0;
    int height = 0;
    std::vector<Detection> detections = {};
    /// Which frame of the video `file`, from 0; nothing for a picture.
    std::optional<std::int64_t> frame = std::nullopt;
    /// Which page of a file that has several, from 1.
    std::optional<std::int64_t> page = std::nullopt;
    /// Why it was not judged: that there are no detections means nothing then.
    std::optional<Remark> error = std::nullopt;
    /// Why the detections are doubtful.
    std::vector<Remark> warnings = {};
    /// The file that shows them; empty: none.
    std::string drawn = {};
    /// When it was looked at (UTC, ISO 8601), and the SHA-256 of its file; empty: not recorded.
    std::string time = {};
    std::string sha256 = {};
    /// Null: not known.
    std::shared_ptr<const ResultConditions> conditions = nullptr;
};

/// A picture that may be looked at: a file, or a page of one.
struct PictureId {
    // NOLINTNEXTLINE(google-explicit-constructor): most files are one picture
    PictureId(std::string path_of_file, std::optional<std::int64_t> page_of_it = std::nullopt)
        : path(std::move(path_of_file)), page(page_of_it) {}

    /// The path itself, not as text.
    std::string path;
    std::optional<std::int64_t> page;
};

/// Tells pictures apart.
using PictureKey = std::tuple<std::string, std::optional<std::int64_t>, std::optional<std::int64_t>>;
[[nodiscard]] inline PictureKey key(const PictureResult& result) { return {result.file, result.page, result.frame}; }

/// A path as results name it: UTF-8. Names of files are any bytes; those that are not UTF-8 become \xE9 and so on, so
/// that two names stay two.
[[nodiscard]] std::string path_as_text(std::string_view path);

} // namespace detect
