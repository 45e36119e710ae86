#include "cli/progress_line.h"

#include "cli/exit_code.h"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <utility>

#include <unistd.h>

namespace detect::cli {

namespace {

/// "1:05", minutes and seconds.
std::string as_time(double seconds) {
    const auto whole = static_cast<long>(std::lround(seconds));
    char text[32];
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
    return text;
}

} // namespace

ProgressLine::ProgressLine(std::size_t total, std::string things)
    : total_(total), things_(std::move(things)), terminal_(::isatty(STDERR_FILENO) == 1) {
    if (!terminal_) note(std::to_string(total) + " " + things_ + " to do");
}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
    if (!shown_) return;
    std::cerr << "\r\x1b[K" << std::flush;
    shown_ = false;
}

void ProgressLine::update(std::size_t done) {
    constexpr auto pause = std::chrono::milliseconds(100);
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || (now - last_ < pause && done < total_)) return;
    last_ = now;
    std::string line = std::to_string(done) + "/" + std::to_string(total_) + " " + things_;
    if (done > 0) {
        const double seconds = std::chrono::duration<double>(now - start_).count();
        line += ", " + as_time(seconds / static_cast<double>(done) * static_cast<double>(total_ - done)) + " left";
    }
    std::cerr << "\r" << line << "\x1b[K" << std::flush;
    shown_ = true;
}

} // namespace detect::cli
