#pragma once

#include <atomic>
#include <thread>

namespace detect::cli {

/// Ctrl-C (SIGINT) and SIGTERM, while it lives: the first one is a wish to stop, the second ends the program at once.
/// To be made before any other thread, which then leave these signals to it.
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
    /// Becomes readable when stopping is requested, for those who wait for files.
    [[nodiscard]] int descriptor() const { return event_; }
    void stop();
    /// Waits until `descriptor` is readable or stopping is requested; true if the former.
    [[nodiscard]] bool wait_readable(int descriptor) const;

private:
    void listen();

    int signals_;
    int event_;
    int end_;
    std::atomic<bool> requested_ = false;
    std::atomic<int> signal_ = 0;
    std::thread listener_;
};

} // namespace detect::cli
