// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace detect::cli {

namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
constexpr std::int64_t lines_per_run = 10;
constexpr std::int64_t inputs_per_line = 100;
constexpr int widest_bar = 40;

/// https://no-color.org: set and not empty.
bool colour_is_wanted() {
    const char* const no_colour = std::getenv("NO_COLOR");
    return no_colour == nullptr || *no_colour == '\0';
}

int terminal_width() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string count(std::int64_t done, std::optional<std::int64_t> total) {
    return std::to_string(done) + (total ? " of " + std::to_string(*total) : "");
}

} // namespace

bool errors_go_to_a_terminal() {
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) != 0 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::string clock_time(double seconds) {
    const auto all = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e9)));
    std::array<char, 48> text{};
    if (all < 3600) {
        std::snprintf(text.data(), text.size(), "%lld:%02lld", all / 60, all % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
    }
    return text.data();
}

Progress::Progress(bool shown, std::string things)
    : shown_(shown), things_(std::move(things)), terminal_(errors_go_to_a_terminal()), colour_(colour_is_wanted()) {}

void Progress::advance(std::int64_t done, std::int64_t skipped, std::optional<std::int64_t> total) {
    if (!shown_) return;
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const auto worked = static_cast<double>(done - skipped);
    std::string figures;
    if (worked > 0.0 && seconds > 0.0) {
        std::array<char, 64> rate{};
        std::snprintf(rate.data(), rate.size(), ", %.1f/s", worked / seconds);
        figures = rate.data();
        if (total) figures += ", " + clock_time(static_cast<double>(*total - done) * seconds / worked) + " left";
    }
    if (!terminal_) return print_line(figures, done, total);
    if (bar_visible_ && now - drawn_ < redraw_after && done != total) return;
    drawn_ = now;
    draw_bar(figures, done, total);
}

void Progress::draw_bar(const std::string& figures, std::int64_t done, std::optional<std::int64_t> total) {
    std::string line = " " + count(done, total) + " " + things_ + figures;
    const int room = std::min(widest_bar, terminal_width() - static_cast<int>(line.size()) - 3);
    if (total && *total > 0 && room >= 5) {
        const auto filled = static_cast<std::size_t>(room * std::min(done, *total) / *total);
        const std::string bar = std::string(filled, '#') + std::string(static_cast<std::size_t>(room) - filled, '-');
        line = "[" + (colour_ ? "\x1b[32m" + bar + "\x1b[0m" : bar) + "]" + line;
    }
    std::cerr << "\r" << line << "\x1b[K" << std::flush;
    bar_visible_ = true;
}

void Progress::print_line(const std::string& figures, std::int64_t done, std::optional<std::int64_t> total) {
    const bool few = total && *total < lines_per_run;
    const std::int64_t due = total ? done * lines_per_run / std::max<std::int64_t>(*total, 1) : done / inputs_per_line;
    if (few || due <= lines_) return;
    lines_ = due;
    std::cerr << count(done, total) + " " + things_ + figures + "\n";
}

void Progress::clear() {
    if (!bar_visible_) return;
    std::cerr << "\r\x1b[K" << std::flush;
    bar_visible_ = false;
}

} // namespace detect::cli
