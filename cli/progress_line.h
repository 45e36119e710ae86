#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace detect::cli {

/// "120/380 pictures, 0:21 left" on stderr, written over and over in one line. Where stderr is not a terminal it says
/// only how many there are to do.
class ProgressLine {
public:
    ProgressLine(std::size_t total, std::string things);
    /// Removes the line.
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void update(std::size_t done);
    /// Removes the line, so that something else can be printed; the next update writes it again.
    void clear();

private:
    std::size_t total_;
    std::string things_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point last_{};
};

} // namespace detect::cli
