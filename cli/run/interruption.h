// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <csignal>

namespace detect::cli {

/// Ctrl-C (SIGINT), SIGTERM and SIGHUP, while it lives: the first one is a wish to stop, the second ends the program at
/// once. Where they were ignored before (nohup), they stay so. Only one may live at a time.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    /// Whether to stop, for a signal or because `stop` was called.
    [[nodiscard]] bool requested() const { return requested_; }
    /// The signal; 0 if there was none.
    [[nodiscard]] int signal() const { return signal_; }
    void stop();
    /// Waits until there is something to read, the time is up (-1: never), or stopping is requested: then false.
    [[nodiscard]] bool wait_readable(int descriptor, int milliseconds = -1) const;

private:
    static void on_signal(int number);

    /// Readable once stopping is requested.
    int event_;
    std::atomic<bool> requested_ = false;
    std::atomic<int> signal_ = 0;
    std::array<struct sigaction, 3> before_{};
};

} // namespace detect::cli
