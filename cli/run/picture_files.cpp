// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_files.h"

#include "base/regular_file.h"
#include "base/temporary.h"
#include "base/text.h"
#include "cli/video/video.h"
#include "pictures/own_pictures.h"
#include "pictures/picture_kinds.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

std::string system_text(int code) { return std::generic_category().message(code); }

bool says_unfinished(const fs::path& path) {
    constexpr std::array<std::string_view, 9> extensions{".part",     ".partial",  ".tmp", ".temp", ".crdownload",
                                                         ".filepart", ".download", ".swp", ".!ut"};
    const std::string name = path.filename().string();
    // As detect itself calls a file that it has not finished.
    const bool ours = name.find(temporary_mark) != std::string::npos;
    return name.ends_with('~') || ours || std::ranges::find(extensions, lower_case_extension(path)) != extensions.end();
}

struct FileHead {
    std::array<std::byte, picture_kind_bytes> bytes{};
    std::size_t size = 0;
    bool is_regular = false;
    /// errno; 0: it has been read.
    int failure = 0;
};

FileHead read_file_head(const fs::path& path) {
    FileHead head;
    const int file = open_for_reading(path);
    if (file < 0) {
        head.failure = errno;
        return head;
    }
    struct stat status {};
    head.is_regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    const ssize_t count = head.is_regular ? ::pread(file, head.bytes.data(), head.bytes.size(), 0) : 0;
    if (count < 0) head.failure = errno;
    if (count > 0) head.size = static_cast<std::size_t>(count);
    ::close(file);
    return head;
}

/// Where a link leads that leads nowhere; empty for anything else.
std::string broken_link(const fs::path& path) {
    std::error_code code;
    const fs::path target = fs::read_symlink(path, code);
    if (code) return {};
    return printable_path(path) + ": is a link to " + printable_path(target) + ", which does not exist";
}

std::string in_words(std::int64_t count, const char* one, const char* several) {
    return std::to_string(count) + " " + (count == 1 ? one : several);
}

/// Device and number: the same for all names of a folder.
using FolderIdentity = std::pair<std::uint64_t, std::uint64_t>;

class Walk {
public:
    Walk(bool recursive, const FolderVisitor& visitor, const std::set<fs::path>& links_taken)
        : recursive_(recursive), visitor_(visitor), links_taken_(links_taken) {}

    void run(const fs::path& root) {
        enter(root);
        // A folder keeps its own name where it has one here, so links come last.
        while (!folders_.empty() || !links_.empty()) {
            if (!folders_.empty()) {
                const fs::path folder = std::move(folders_.back());
                folders_.pop_back();
                enter(folder);
            } else {
                enter(links_.extract(next_link()).value());
            }
        }
    }

private:
    std::set<fs::path>::const_iterator next_link() const {
        const auto taken =
            std::ranges::find_if(links_, [&](const fs::path& link) { return links_taken_.contains(link); });
        return taken != links_.end() ? taken : links_.begin();
    }

    void enter(const fs::path& folder) {
        struct stat status {};
        if (::stat(folder.c_str(), &status) != 0) {
            complain(folder, errno);
            return;
        }
        if (!S_ISDIR(status.st_mode) || !entered_.emplace(status.st_dev, status.st_ino).second) return;
        if (!visitor_.folder(folder)) return;
        std::error_code code;
        fs::directory_iterator entry(folder, code);
        for (const fs::directory_iterator end; !code && entry != end; entry.increment(code)) {
            if (!is_hidden(entry->path())) sort_out(*entry);
        }
        if (code) complain(folder, code.value());
    }

    void sort_out(const fs::directory_entry& entry) {
        std::error_code code;
        if (!entry.is_directory(code)) {
            visitor_.file(entry.path());
        } else if (!recursive_) {
            visitor_.not_entered(entry.path());
        } else if (entry.is_symlink(code)) {
            links_.insert(entry.path());
        } else {
            folders_.push_back(entry.path());
        }
    }

    void complain(const fs::path& folder, int code) {
        if (code != ENOENT && code != ENOTDIR)
            visitor_.problem(folder, printable_path(folder) + ": the folder cannot be read: " + system_text(code));
    }

    bool recursive_;
    const FolderVisitor& visitor_;
    const std::set<fs::path>& links_taken_;
    std::vector<fs::path> folders_;
    std::set<fs::path> links_;
    std::set<FolderIdentity> entered_;
};

} // namespace

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_picture_name(const fs::path& path) {
    const auto kind = picture_kind_of_name(path);
    return kind && kind->is_read() && !is_hidden(path);
}

FileJudgement judge_file(const fs::path& path) {
    if (says_unfinished(path)) return {FileRole::unfinished};
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        const int failure = errno;
        const bool gone = failure == ENOENT || failure == ENOTDIR;
        if (gone) return {FileRole::unreadable, broken_link(path)};
        return {FileRole::unreadable, printable_path(path) + ": cannot be read: " + system_text(failure)};
    }
    if (!S_ISREG(status.st_mode)) return {FileRole::other};
    const auto promised = picture_kind_of_name(path);
    if (promised && promised->is_read()) return {is_ours(path) ? FileRole::own : FileRole::picture};
    const FileHead head = read_file_head(path);
    if (head.failure == ENOENT) return {FileRole::unreadable};
    if (head.failure != 0) {
        return {FileRole::unreadable,
                printable_path(path) +
                    ": cannot be read, so nobody knows whether it is a picture: " + system_text(head.failure)};
    }
    if (promised || picture_kind(std::span(head.bytes).first(head.size))) return {FileRole::picture};
    if (!looks_like_video(path)) return {FileRole::other};
    return {is_ours(path) ? FileRole::own : FileRole::video};
}

bool is_video_file(const fs::path& path) {
    const FileHead head = read_file_head(path);
    return head.is_regular && !picture_kind(std::span(head.bytes).first(head.size)) && looks_like_video(path);
}

void LeftOutFiles::Group::add(const fs::path& path) {
    // Of files in any order always the same one is named.
    if (count == 0 || path < example) example = path;
    ++count;
}

void LeftOutFiles::add(FileRole role, const fs::path& path) {
    if (role == FileRole::other) others.add(path);
    if (role == FileRole::video) videos.add(path);
    if (role == FileRole::unfinished) unfinished.add(path);
    if (role == FileRole::own) own.add(path);
}

std::string LeftOutFiles::text() const {
    std::vector<std::string> parts;
    const auto add = [&](const Group& group, const char* one, const char* several, const char* advice) {
        if (group.count == 0) return;
        parts.push_back(in_words(group.count, one, several) + ", such as " + printable_path(group.example) + advice);
    };
    add(others, "file that is no picture", "files that are no pictures", "");
    add(videos, "video", "videos", " (give videos by name)");
    add(own, "picture that 'detect run' made", "pictures that 'detect run' made", "");
    add(unfinished, "file whose name says that it is unfinished", "files whose names say that they are unfinished", "");
    return parts.empty() ? "" : "left out: " + listed(parts, {.separator = "; "});
}

void walk_folder(const fs::path& folder, bool recursive, const FolderVisitor& visitor,
                 const std::set<fs::path>& links_taken) {
    Walk(recursive, visitor, links_taken).run(folder);
}

FolderContents contents_of(const fs::path& folder, bool recursive, const std::vector<fs::path>& left_out) {
    FolderContents found;
    const auto enter = [&](const fs::path& each) {
        return each == folder || std::ranges::find(left_out, resolved(each)) == left_out.end();
    };
    const auto take = [&](const fs::path& path) {
        FileJudgement judged = judge_file(path);
        const bool gone = judged.role == FileRole::unreadable && judged.problem.empty();
        if (gone) return;
        if (judged.role == FileRole::picture || judged.role == FileRole::unreadable) {
            found.entries.push_back({path, std::move(judged.problem)});
        } else {
            found.left_out.add(judged.role, path);
        }
    };
    walk_folder(folder, recursive,
                {.folder = enter,
                 .file = take,
                 .not_entered = [&](const fs::path&) { ++found.folders_not_entered; },
                 .problem =
                     [&](const fs::path& path, const std::string& problem) {
                         found.entries.push_back({path, problem});
                     }});
    std::ranges::sort(found.entries, {}, &FolderContents::Entry::path);
    return found;
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
    std::vector<fs::path> pictures;
    for (FolderContents::Entry& entry : contents_of(folder, false).entries) {
        if (entry.problem.empty()) pictures.push_back(std::move(entry.path));
    }
    return pictures;
}

fs::path resolved(const fs::path& path) {
    std::error_code code;
    // Of a relative path whose first part does not exist, weakly_canonical would leave it relative.
    const fs::path absolute = fs::absolute(path, code);
    fs::path result = fs::weakly_canonical(absolute, code);
    return code ? absolute.lexically_normal() : result;
}

} // namespace detect::cli
