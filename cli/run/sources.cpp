// SPDX-License-Identifier: Apache-2.0
#include "cli/run/sources.h"

#include "base/regular_file.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "base/try.h"
#include "cli/run/picture_files.h"
#include "pictures/own_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <glob.h>
#include <memory>
#include <sstream>

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

Source failure(const fs::path& name, std::string problem) {
    return {.kind = Source::Kind::failure,
            .name = name.string(),
            .stem = name.stem(),
            .video = {},
            .problem = std::move(problem)};
}

void add_folder(const fs::path& folder, bool recursive, const std::vector<fs::path>& left_out, Sources& sources) {
    const FolderContents contents = contents_of(folder, recursive, left_out);
    for (const FolderContents::Entry& entry : contents.entries) {
        Source source = failure(entry.path, entry.problem);
        if (entry.problem.empty()) source.kind = Source::Kind::picture;
        source.stem = entry.path.lexically_relative(folder).replace_extension();
        sources.all.push_back(std::move(source));
    }
    if (contents.entries.empty()) {
        const std::string hint = recursive ? "" : " (--recursive also looks into its folders)";
        sources.all.push_back(failure(folder, folder.string() + ": there are no pictures in this folder" + hint));
    }
    if (const std::string text = contents.left_out.text(); !text.empty()) sources.notes.push_back(text);
    if (const std::int64_t folders = contents.folders_not_entered; folders > 0) {
        sources.notes.push_back("left out: " + std::to_string(folders) +
                                (folders == 1 ? " folder in " : " folders in ") + printable_path(folder) +
                                "; --recursive looks into " + (folders == 1 ? "it" : "them"));
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
        LeftOutFiles own;
        for (const std::string& match : matches) {
            if (is_ours(match)) {
                own.add(FileRole::own, match);
            } else {
                add_path(match, recursive, left_out, sources);
            }
        }
        if (own.own.count > 0) sources.notes.push_back(own.text());
        if (matches.empty()) {
            sources.all.push_back(failure(text, text + ": no such file, and nothing matches it as a pattern"));
        }
        sources.bulk = true;
    } else {
        add_path(text, recursive, left_out, sources);
    }
}

Result<void> add_list(const std::string& list, Sources& sources) {
    constexpr std::uint64_t longest = 1U << 28U;
    std::error_code code;
    const auto cannot = [&](const std::string& why) {
        return Error{ErrorCode::unreadable_input, printable_path(list) + ": cannot be read: " + why};
    };
    const auto file = RegularFile::open(list);
    const bool is_pipe = !file && fs::is_fifo(list, code);
    if (is_pipe) return cannot("is a pipe, not a file; give the paths on standard input, and - as the picture");
    if (!file) return cannot(file.error().message);
    if (file->size() > longest) return cannot("has more than 256 MiB, the limit for a list");
    auto text = file->text(longest);
    if (!text) return cannot(text.error().message);
    std::istringstream stream(*std::move(text));
    PathLines lines(list);
    for (std::string line; std::getline(stream, line);) {
        DETECT_TRY_ASSIGN(const auto path, lines.path_in(std::move(line)));
        if (path) sources.all.push_back(file_source(*path));
    }
    sources.bulk = true;
    return {};
}

} // namespace

bool Sources::have_video() const {
    return std::ranges::any_of(all, [](const Source& source) { return source.kind == Source::Kind::video; });
}

Result<std::optional<std::string>> PathLines::path_in(std::string line) {
    ++lines_;
    if (lines_ == 1 && is_utf16(line))
        return Error{ErrorCode::unreadable_input, printable_path(name_) + ": is UTF-16; save it as UTF-8"};
    if (line.find('\0') != std::string::npos) {
        return Error{ErrorCode::unreadable_input, printable_path(name_) + ": line " + std::to_string(lines_) +
                                                      " holds a zero byte; give one path on each line"};
    }
    if (lines_ == 1 && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) return std::optional<std::string>();
    return std::optional(std::move(line));
}

Source file_source(const fs::path& path) {
    Source source{.name = path.string(), .stem = path.stem(), .video = {}};
    // A picture of a kind that is not read, such as HEIC, may be framed as a video is: reading it says what it is.
    if (!is_picture_name(path) && is_video_file(path)) {
        source.kind = Source::Kind::video;
        source.video = path;
    }
    return source;
}

Result<Sources> find_sources(const SourceOptions& options, const std::vector<fs::path>& left_out) {
    Sources sources;
    sources.recursive = options.recursive;
    sources.poll_seconds = options.poll_seconds;
    // Not a number passes for one in any range.
    if (std::isnan(options.poll_seconds))
        return Error{ErrorCode::invalid_argument, "--poll: must be a number of seconds, 0.1 to 3600"};
    if (options.poll_seconds > 0.0 && options.watch.empty())
        return Error{ErrorCode::invalid_argument, "--poll: says how a folder is watched; give --watch, too"};
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
