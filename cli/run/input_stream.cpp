// SPDX-License-Identifier: Apache-2.0
#include "cli/run/input_stream.h"

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/run/picture_files.h"
#include "pictures/picture_pages.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t unknown = -1;

std::int64_t count_pictures(const std::vector<Source>& sources) {
    const bool countable = std::ranges::all_of(sources, [](const Source& source) {
        return source.kind == Source::Kind::picture || source.kind == Source::Kind::failure;
    });
    return countable ? static_cast<std::int64_t>(sources.size()) : unknown;
}

Input input_of(const Source& source) { return {.name = source.name, .stem = source.stem}; }

} // namespace

InputStream::InputStream(Sources sources, const Interruption& interruption)
    : sources_(std::move(sources.all)), recursive_(sources.recursive), poll_seconds_(sources.poll_seconds),
      quiet_(sources.quiet), interruption_(interruption), total_(count_pictures(sources_)) {}

/// However a run ends, that is said: nobody may have asked for another input since.
InputStream::~InputStream() {
    const std::string text = watch_ ? watch_->left_out().text() : "";
    if (!text.empty() && !quiet_) note(text);
}

std::optional<std::int64_t> InputStream::total() const {
    const std::int64_t total = total_;
    return total == unknown ? std::nullopt : std::optional(total);
}

std::optional<Arrival> InputStream::next() {
    while ((at_ < sources_.size() || !pages_.empty()) && !interruption_.requested()) {
        if (!pages_.empty()) return next_page();
        const Source& source = sources_[at_];
        std::optional<Arrival> arrival;
        switch (source.kind) {
        case Source::Kind::picture: ++at_; return add_picture(input_of(source));
        case Source::Kind::failure:
            ++at_;
            return Arrival{input_of(source), Error{ErrorCode::unreadable_input, source.problem}};
        case Source::Kind::video: arrival = next_frame(source); break;
        case Source::Kind::standard_input: arrival = next_path(); break;
        case Source::Kind::watch: arrival = next_file(source); break;
        }
        if (arrival) return arrival;
        ++at_;
    }
    return std::nullopt;
}

/// The first picture in a file. The others wait in `pages_`, and behind them what is said about the rest.
std::optional<Arrival> InputStream::add_picture(Input input) {
    auto found = find_pages(input.name);
    if (!found) return Arrival{std::move(input), std::move(found).error()};
    if (found->pages > 1) {
        const Input file = input;
        for (std::int64_t page = 1; page <= found->pages; ++page) {
            input.page = page;
            input.stem = file.stem;
            input.stem += "_page" + std::to_string(page);
            pages_.push_back({input});
        }
        input = file;
    } else {
        pages_.push_back({input});
    }
    if (!found->left_out.empty()) {
        input.stem += "_rest";
        pages_.push_back(
            {input, Error{ErrorCode::unreadable_input, printable_path(input.name) + ": " + found->left_out}});
    }
    count_more(static_cast<std::int64_t>(pages_.size()) - 1);
    return next_page();
}

Arrival InputStream::next_page() {
    Arrival arrival = std::move(pages_.front());
    pages_.pop_front();
    return arrival;
}

void InputStream::count_more(std::int64_t inputs) {
    if (total_ != unknown) total_ += inputs;
}

/// Nothing at the video's end.
std::optional<Arrival> InputStream::next_frame(const Source& source) {
    if (!video_) {
        auto opened = open_video(source.video);
        if (!opened) {
            ++at_;
            return Arrival{input_of(source), std::move(opened).error()};
        }
        video_ = *std::move(opened);
        frame_ = {.index = 0, .frames_per_second = video_->frames_per_second()};
        if (sources_.size() == 1) total_ = video_->frame_count().value_or(unknown);
    }
    auto picture = video_->next();
    if (picture && *picture) {
        Arrival arrival{input_of(source), std::move(**picture)};
        arrival.input.frame = frame_;
        ++frame_.index;
        return arrival;
    }
    video_.reset();
    if (!picture) {
        ++at_;
        return Arrival{input_of(source), std::move(picture).error()};
    }
    if (frame_.index > 0) return std::nullopt;
    ++at_;
    return Arrival{input_of(source), Error{ErrorCode::unreadable_input, source.name + ": there are no frames in it"}};
}

std::optional<Arrival> InputStream::next_path() {
    while (const auto line = next_line()) {
        auto path = lines_.path_in(*line);
        if (!path) {
            // What else comes would be no paths either.
            text_ended_ = true;
            text_.clear();
            return Arrival{Input{.name = "standard input", .stem = "standard input"}, std::move(path).error()};
        }
        if (!*path) continue;
        Source source = file_source(**path);
        if (source.kind == Source::Kind::picture)
            return add_picture({.name = source.name, .stem = source.stem, .unforeseen = true});
        // A video: its turn is next, and then that of standard input again.
        sources_.insert(sources_.begin() + static_cast<std::ptrdiff_t>(at_), std::move(source));
        return next();
    }
    return std::nullopt;
}

/// The next line of standard input, as soon as it is there; the last one need not be ended.
std::optional<std::string> InputStream::next_line() {
    for (;;) {
        if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
            std::string line = text_.substr(0, end);
            text_.erase(0, end + 1);
            return line;
        }
        if (text_ended_ && text_.empty()) return std::nullopt;
        if (text_ended_) return std::exchange(text_, {});
        if (!interruption_.wait_readable(STDIN_FILENO)) return std::nullopt;
        std::array<char, 65536> buffer{};
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) text_ended_ = true;
        if (count > 0) text_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

std::optional<Arrival> InputStream::next_file(const Source& source) {
    const auto failed = [&](Error error) {
        ++at_;
        return Arrival{input_of(source), std::move(error)};
    };
    if (!watch_) {
        auto opened =
            FolderWatch::open(source.name, {.recursive = recursive_, .poll_seconds = poll_seconds_, .quiet = quiet_});
        if (!opened) return failed(std::move(opened).error());
        watch_.emplace(*std::move(opened));
    }
    auto found = watch_->next(interruption_);
    if (!found) return failed(std::move(found).error());
    if (!*found) return std::nullopt;
    const fs::path& path = (*found)->path;
    Input input{.name = path.string(), .stem = path.lexically_relative(watch_->folder()).replace_extension()};
    if (!(*found)->problem.empty())
        return Arrival{std::move(input), Error{ErrorCode::unreadable_input, (*found)->problem}};
    return add_picture(std::move(input));
}

} // namespace detect::cli
