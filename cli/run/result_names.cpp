#include "cli/run/result_names.h"

#include <cstdio>

namespace detect::cli {

namespace fs = std::filesystem;

ResultNames::ResultNames(const RunOptions& options, bool several)
    : options_(options), folder_(several && !options.output.empty()) {
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
    const fs::path stem =
        options_.output.empty() ? fs::path(input.stem.filename().string() + "_detections") : input.stem;
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
    if (first) video_stem_ = label_names_.next(input.stem);
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
