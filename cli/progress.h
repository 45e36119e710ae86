// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace detect::cli {

/// How far some work is, on standard error: a bar on a terminal, else a line at each tenth of it (each 100 where nobody
/// knows how much there is). For one thread.
class Progress {
public:
    /// `shown`: not with --quiet, and not for a single picture.
    explicit Progress(bool shown, std::string things = "pictures");
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// `done` of `total` have been dealt with, `skipped` of them without work.
    void advance(std::int64_t done, std::int64_t skipped, std::optional<std::int64_t> total);
    /// Takes the bar away, before something else is printed; the next `advance` brings it back.
    void clear();

private:
    void draw_bar(const std::string& figures, std::int64_t done, std::optional<std::int64_t> total);
    void print_line(const std::string& figures, std::int64_t done, std::optional<std::int64_t> total);

    bool shown_;
    std::string things_;
    bool terminal_;
    bool colour_;
    bool bar_visible_ = false;
    std::int64_t lines_ = 0;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point drawn_;
};

/// Whether standard error is a terminal that a line can be rewritten on.
[[nodiscard]] bool errors_go_to_a_terminal();

/// "0:07", "12:40", "3:05:00"
[[nodiscard]] std::string clock_time(double seconds);

} // namespace detect::cli
