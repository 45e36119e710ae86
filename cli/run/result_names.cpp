// SPDX-License-Identifier: Apache-2.0
#include "cli/run/result_names.h"

#include "base/text.h"
#include "cli/run/picture_files.h"
#include "cli/video/video.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// File systems take 255 bytes for a name: this leaves room for what is put behind it, also while a file is written.
constexpr std::size_t longest_name = 200;

/// A stem that is too long ends with a number of its own instead (FNV-1a, 64 bits), the same in every run.
fs::path shortened(const fs::path& stem) {
    std::string name = stem.filename().string();
    if (name.size() <= longest_name) return stem;
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
    std::array<char, 20> number{};
    std::snprintf(number.data(), number.size(), "-%016llx", static_cast<unsigned long long>(hash));
    return stem.parent_path() / (std::string(first_bytes(name, longest_name - 17)) + number.data());
}

} // namespace

bool draws_into_folder(const RunOptions& options, bool several) {
    const fs::path output = options.output;
    if (output.empty()) return false;
    std::error_code code;
    const bool is_folder = !is_picture_name(output) && !is_video_name(output) && fs::is_directory(output, code);
    return several || !output.has_filename() || is_folder;
}

ResultNames::ResultNames(const RunOptions& options, bool several)
    : options_(options), folder_(draws_into_folder(options, several)) {
    label_names_.take("classes"); // classes.txt says what the numbers in YOLO's files mean
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
    const char* const extension = input.frame ? ".mp4" : ".png";
    if (!options_.output.empty() && !folder_) return options_.output;
    fs::path stem = shortened(input.stem);
    if (options_.output.empty()) stem = stem.filename() += "_detections";
    fs::path name = drawn_names_.next(stem);
    name += extension;
    return options_.output.empty() ? name : fs::path(options_.output) / name;
}

ResultPaths ResultNames::next(const Input& input) {
    ResultPaths paths;
    const bool first = !input.frame || input.frame->index == 0;
    if (!options_.no_draw) {
        if (first) drawn_video_ = next_drawn(input);
        paths.drawn = drawn_video_;
    }
    if (first) video_stem_ = label_names_.next(shortened(input.stem));
    fs::path stem = video_stem_;
    if (input.frame) {
        char number[32];
        std::snprintf(number, sizeof number, "_%06lld", static_cast<long long>(input.frame->index));
        stem += number;
    }
    const auto below = [&](const std::string& folder, const char* extension) {
        fs::path path = folder.empty() ? fs::path() : fs::path(folder) / stem;
        if (!folder.empty()) path += extension;
        return path;
    };
    paths.yolo = below(options_.yolo, ".txt");
    paths.voc = below(options_.voc, ".xml");
    if (!options_.crops.empty()) paths.crops = stem;
    return paths;
}

} // namespace detect::cli
