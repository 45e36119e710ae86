// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/folder_watch.h"
#include "cli/run/interruption.h"
#include "cli/run/sources.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace detect::cli {

/// Which frame of a video something is.
struct VideoFrame {
    /// From 0.
    std::int64_t index = 0;
    double frames_per_second = 0.0;
};

/// A picture to look at, or a frame of a video.
struct Input {
    /// As results call it: the file, or the video.
    std::string name = {};
    /// Where results of its own go, below their folder: relative, without an extension. Of a frame: the video's.
    std::filesystem::path stem = {};
    std::optional<VideoFrame> frame = std::nullopt;
    /// Which page of the file, from 1; only of files that have more than one.
    std::optional<std::int64_t> page = std::nullopt;
    /// Named by somebody while the run goes on: nobody knows yet what else is to be read.
    bool unforeseen = false;
};

/// An input, and what has been read of it.
struct Arrival {
    Input input;
    /// Nothing: the file `input.name` is still to be read. A frame has been decoded, or something went wrong.
    std::optional<Result<Picture>> picture = std::nullopt;
};

/// The inputs of all sources, one after the other. For one thread, but `total` for any.
class InputStream {
public:
    InputStream(Sources sources, const Interruption& interruption);
    InputStream(const InputStream&) = delete;
    InputStream& operator=(const InputStream&) = delete;
    /// Says what was in a watched folder and no picture.
    ~InputStream();

    /// Waits for the next input. Nothing at the end or when interrupted.
    std::optional<Arrival> next();
    /// How many there are in all, as far as is known.
    [[nodiscard]] std::optional<std::int64_t> total() const;

private:
    Arrival next_page();
    std::optional<Arrival> add_picture(Input input);
    void count_more(std::int64_t inputs);
    std::optional<Arrival> next_frame(const Source& source);
    std::optional<Arrival> next_path();
    std::optional<Arrival> next_file(const Source& source);
    std::optional<std::string> next_line();

    std::vector<Source> sources_;
    bool recursive_;
    double poll_seconds_;
    bool quiet_;
    const Interruption& interruption_;
    std::size_t at_ = 0;
    /// -1: nobody knows.
    std::atomic<std::int64_t> total_;
    /// What else is in the file that came last.
    std::deque<Arrival> pages_;
    // What the source at hand needs.
    std::unique_ptr<VideoReader> video_;
    VideoFrame frame_;
    std::optional<FolderWatch> watch_;
    PathLines lines_{"standard input"};
    std::string text_;
    bool text_ended_ = false;
};

} // namespace detect::cli
