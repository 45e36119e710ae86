// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <thread>

namespace detect::cli {

/// Ctrl-C (SIGINT), SIGTERM and SIGHUP, while it lives. Before `work_begins` any of them ends the program at once:
/// there is nothing to finish, and a model or a list may take long to read. After it the first one is a wish to stop.
/// One request often comes as two
/// signals (`timeout`, npm and shells signal a program and then its group), so what follows within two seconds is the
/// same wish. A later one ends the program at once, after what `at_last` does. Where they were ignored before (nohup),
/// they stay so. Only one may live at a time.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    void work_begins() { working_ = true; }
    /// Whether to stop, for a signal or because `stop` was called.
    [[nodiscard]] bool requested() const { return requested_; }
    /// The first signal; 0 if there was none.
    [[nodiscard]] int signal() const { return signal_; }
    void stop();
    /// Waits until there is something to read, the time is up (-1: never), or stopping is requested: then false.
    [[nodiscard]] bool wait_readable(int descriptor, int milliseconds = -1) const;

    /// Waits until something can be written, or cannot because nobody is there to read it. Once stopping is requested
    /// it waits two seconds more at most: then false.
    [[nodiscard]] bool wait_writable(int descriptor) const;

    /// Has `save` called, on a thread of its own, when a late signal comes, just before the program ends: or when what
    /// is in hand at the first signal is not done within `patience`, as with a model that never ends. For as long as
    /// the returned object lives; it waits for a call that has begun.
    class AtLast {
    public:
        /// A number that is another one for each thing in hand; 0: nothing is.
        using InHand = std::function<std::uint64_t()>;
        static constexpr std::chrono::seconds patience{5};

        AtLast(
            Interruption& interruption, std::function<void()> save, InHand in_hand = [] { return 0; });
        ~AtLast();
        AtLast(const AtLast&) = delete;
        AtLast& operator=(const AtLast&) = delete;

    private:
        void wait();
        void wait_for_what_is_in_hand();

        Interruption& interruption_;
        std::function<void()> save_;
        InHand in_hand_;
        std::thread thread_;
    };

private:
    static void on_signal(int number);

    /// Readable once stopping is requested.
    int event_;
    /// Readable once a late signal came, or nobody waits for one any more.
    int late_event_;
    std::atomic<bool> working_ = false;
    std::atomic<bool> requested_ = false;
    std::atomic<int> signal_ = 0;
    std::atomic<std::int64_t> first_milliseconds_ = 0;
    std::atomic<bool> late_ = false;
    std::atomic<bool> somebody_saves_ = false;
    std::array<struct sigaction, 3> before_{};
};

} // namespace detect::cli
