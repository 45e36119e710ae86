// SPDX-License-Identifier: Apache-2.0
#include "cli/run/result_names.h"

#include "base/file_names.h"

#include <cstdio>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

fs::path shortened(const fs::path& stem) { return stem.parent_path() / short_file_name(stem.filename().string()); }

} // namespace

ResultNames::ResultNames(std::optional<Drawings> drawings) : drawings_(std::move(drawings)) {
    for (const PictureFormat* format : picture_formats()) {
        if (!format->reserved_stem.empty()) stems_.take(std::string(format->reserved_stem));
    }
}

fs::path ResultNames::Unique::next(const fs::path& stem) {
    const std::string text = stem.string();
    if (taken_.insert(text).second) return stem;
    int& number = numbers_.emplace(text, 1).first->second;
    std::string name;
    do {
        name = text + "_" + std::to_string(++number);
    } while (!taken_.insert(name).second);
    return name;
}

fs::path ResultNames::next_drawn(const Input& input) {
    const fs::path& path = drawings_->path;
    if (!path.empty() && !drawings_->is_folder) return path;
    fs::path stem = shortened(input.stem);
    if (path.empty()) stem = stem.filename() += "_detections";
    fs::path name = drawn_names_.next(stem);
    name += input.frame ? ".mp4" : ".png";
    return path.empty() ? name : path / name;
}

ResultPaths ResultNames::next(const Input& input) {
    if (!input.frame || input.frame->index == 0) {
        if (drawings_) drawn_video_ = next_drawn(input);
        video_stem_ = stems_.next(shortened(input.stem));
    }
    ResultPaths paths{.drawn = drawn_video_, .stem = video_stem_};
    if (input.frame) {
        char number[32];
        std::snprintf(number, sizeof number, "_%06lld", static_cast<long long>(input.frame->index));
        paths.stem += number;
    }
    return paths;
}

} // namespace detect::cli
