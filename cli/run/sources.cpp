// SPDX-License-Identifier: Apache-2.0
#include "cli/run/sources.h"

#include "base/try.h"
#include "cli/run/picture_files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <glob.h>
#include <memory>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

bool is_url(const std::string& text) {
    constexpr std::array schemes{"rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://", "tcp://", "srt://"};
    return std::ranges::any_of(schemes, [&](const char* scheme) { return text.starts_with(scheme); });
}

/// Results and messages do not show a password.
std::string without_credentials(const std::string& url) {
    const std::size_t begin = url.find("://") + 3;
    const std::size_t at = url.substr(0, url.find('/', begin)).rfind('@');
    return at == std::string::npos || at < begin ? url : url.substr(0, begin) + url.substr(at + 1);
}

Source url_source(const std::string& url) {
    const std::string name = without_credentials(url);
    const std::string path = name.substr(0, name.find_first_of("?#"));
    const fs::path stem = fs::path(path.substr(path.find("://") + 3)).stem();
    return {.kind = Source::Kind::video, .name = name, .stem = stem.empty() ? "stream" : stem, .video = url};
}

std::vector<std::string> expand_pattern(const std::string& pattern) {
    glob_t found{};
    const std::unique_ptr<glob_t, decltype(&::globfree)> at_end(&found, &::globfree);
    if (::glob(pattern.c_str(), 0, nullptr, &found) != 0) return {};
    return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

void add_folder(const fs::path& folder, bool recursive, const std::vector<fs::path>& left_out, Sources& sources) {
    const auto pictures = pictures_in(folder, recursive, left_out);
    for (const fs::path& path : pictures)
        sources.all.push_back(
            {.name = path.string(), .stem = path.lexically_relative(folder).replace_extension(), .video = {}});
    if (pictures.empty()) {
        const std::string hint = recursive ? "" : " (--recursive also looks into its folders)";
        sources.all.push_back({.kind = Source::Kind::failure,
                               .name = folder.string() + ": there are no pictures in this folder" + hint,
                               .stem = {},
                               .video = {}});
    }
    sources.bulk = true;
}

void add_path(const std::string& path, bool recursive, const std::vector<fs::path>& left_out, Sources& sources) {
    std::error_code code;
    if (fs::is_directory(path, code)) {
        add_folder(path, recursive, left_out, sources);
    } else {
        sources.all.push_back(file_source(path));
    }
}

void add_argument(const std::string& text, bool recursive, const std::vector<fs::path>& left_out, Sources& sources) {
    std::error_code code;
    if (text == "-") {
        sources.all.push_back({.kind = Source::Kind::standard_input, .name = text, .stem = {}, .video = {}});
        sources.bulk = true;
    } else if (is_url(text)) {
        sources.all.push_back(url_source(text));
    } else if (text.find_first_of("*?[") != std::string::npos && !fs::exists(text, code)) {
        const auto matches = expand_pattern(text);
        for (const std::string& match : matches) add_path(match, recursive, left_out, sources);
        if (matches.empty()) {
            sources.all.push_back({.kind = Source::Kind::failure,
                                   .name = text + ": no such file, and nothing matches it as a pattern",
                                   .stem = {},
                                   .video = {}});
        }
        sources.bulk = true;
    } else {
        add_path(text, recursive, left_out, sources);
    }
}

Result<void> add_list(const std::string& list, Sources& sources) {
    std::error_code code;
    std::ifstream file(list);
    if (!file || fs::is_directory(list, code)) return Error{ErrorCode::unreadable_input, list + ": cannot be read"};
    bool first = true;
    for (std::string line; std::getline(file, line); first = false) {
        if (first && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3); // byte order mark
        if (const auto path = path_in_line(std::move(line))) sources.all.push_back(file_source(*path));
    }
    if (file.bad()) return Error{ErrorCode::unreadable_input, list + ": cannot be read"};
    sources.bulk = true;
    return {};
}

} // namespace

bool Sources::have_video() const {
    return std::ranges::any_of(all, [](const Source& source) { return source.kind == Source::Kind::video; });
}

std::optional<std::string> path_in_line(std::string line) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) return std::nullopt;
    return line;
}

Source file_source(const fs::path& path) {
    Source source{.name = path.string(), .stem = path.stem(), .video = {}};
    if (!is_picture_name(path) && looks_like_video(path)) {
        source.kind = Source::Kind::video;
        source.video = path;
    }
    return source;
}

Result<Sources> find_sources(const SourceOptions& options, const std::vector<fs::path>& left_out) {
    Sources sources;
    sources.recursive = options.recursive;
    for (const std::string& text : options.pictures) add_argument(text, options.recursive, left_out, sources);
    if (!options.list.empty()) DETECT_TRY(add_list(options.list, sources));
    if (options.camera >= 0) {
        const std::string number = std::to_string(options.camera);
        sources.all.push_back({.kind = Source::Kind::video,
                               .name = "camera " + number,
                               .stem = "camera" + number,
                               .video = options.camera});
    }
    if (!options.watch.empty()) {
        std::error_code code;
        if (!fs::is_directory(options.watch, code)) {
            return Error{ErrorCode::unreadable_input, options.watch + ": is not a folder, so it cannot be watched"};
        }
        sources.all.push_back({.kind = Source::Kind::watch, .name = options.watch, .stem = {}, .video = {}});
        sources.bulk = true;
    }
    if (sources.all.empty()) {
        return Error{ErrorCode::invalid_argument,
                     options.list.empty()
                         ? "pictures is required: give files, folders, --list, --camera or --watch; see "
                           "'detect run --help'"
                         : options.list + ": holds no paths"};
    }
    sources.several = sources.bulk || sources.all.size() > 1;
    return sources;
}

} // namespace detect::cli
