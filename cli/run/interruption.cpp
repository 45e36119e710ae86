// SPDX-License-Identifier: Apache-2.0
#include "cli/run/interruption.h"

#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace detect::cli {

namespace {

constexpr std::array watched_signals{SIGINT, SIGTERM, SIGHUP};

/// So long after the first one a signal is still the same wish.
constexpr std::int64_t one_wish_milliseconds = 2000;

/// A handler is told nothing but the signal. (A signalfd would need no such thing, but libraries start threads before
/// main does, and those would have to block the signals.)
std::atomic<Interruption*> current = nullptr;
static_assert(std::atomic<Interruption*>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

int make_event() {
    const int event = ::eventfd(0, EFD_CLOEXEC);
    if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return event;
}

void set(int event) {
    const std::uint64_t one = 1;
    if (::write(event, &one, sizeof one) < 0) return; // full: it is readable already
}

std::int64_t now_milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now); // which a handler may call
    return now.tv_sec * std::int64_t{1000} + now.tv_nsec / 1'000'000;
}

} // namespace

Interruption::Interruption() : event_(make_event()), late_event_(make_event()) {
    current = this;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < watched_signals.size(); ++i) {
        ::sigaction(watched_signals[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) ::sigaction(watched_signals[i], &action, nullptr);
    }
}

Interruption::~Interruption() {
    for (std::size_t i = 0; i < watched_signals.size(); ++i) ::sigaction(watched_signals[i], &before_[i], nullptr);
    current = nullptr;
    ::close(event_);
    ::close(late_event_);
}

/// Only what a handler may do: lock-free atomics, clock_gettime, write, _exit.
void Interruption::on_signal(int number) {
    const int error = errno;
    if (Interruption* const self = current) {
        if (!self->working_) ::_exit(128 + number);
        int none = 0;
        if (self->signal_.compare_exchange_strong(none, number)) {
            self->first_milliseconds_ = now_milliseconds();
            self->stop();
        } else if (now_milliseconds() - self->first_milliseconds_ > one_wish_milliseconds) {
            if (!self->somebody_saves_ || self->late_.exchange(true)) ::_exit(128 + number);
            set(self->late_event_);
        }
    }
    errno = error;
}

void Interruption::stop() {
    requested_ = true;
    set(event_);
}

bool Interruption::wait_readable(int descriptor, int milliseconds) const {
    std::array<pollfd, 2> watched{{{event_, POLLIN, 0}, {descriptor, POLLIN, 0}}};
    while (!requested_) {
        const int ready = ::poll(watched.data(), watched.size(), milliseconds);
        if (ready < 0 && errno != EINTR) return false;
        if (ready == 0 || (ready > 0 && watched[1].revents != 0)) return !requested_;
    }
    return false;
}

bool Interruption::wait_writable(int descriptor) const {
    std::array<pollfd, 2> watched{{{descriptor, POLLOUT, 0}, {event_, POLLIN, 0}}};
    for (;;) {
        const bool stopping = requested_;
        const int ready = ::poll(watched.data(), stopping ? 1 : 2, stopping ? int{one_wish_milliseconds} : -1);
        if (ready < 0 && errno != EINTR) return false;
        if (ready > 0 && watched[0].revents != 0) return true;
        if (ready == 0) return false;
    }
}

Interruption::AtLast::AtLast(Interruption& interruption, std::function<void()> save, InHand in_hand)
    : interruption_(interruption), save_(std::move(save)), in_hand_(std::move(in_hand)), thread_([this] { wait(); }) {
    interruption_.somebody_saves_ = true;
}

void Interruption::AtLast::wait() {
    std::array<pollfd, 2> watched{{{interruption_.event_, POLLIN, 0}, {interruption_.late_event_, POLLIN, 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    if (watched[1].revents == 0) wait_for_what_is_in_hand();
    // Only a late signal, impatience or the end of this object lets it come here.
    if (!interruption_.late_) return;
    save_();
    ::_exit(128 + interruption_.signal());
}

/// Returns once a late signal came, this object ends, or the same thing has been in hand for too long.
void Interruption::AtLast::wait_for_what_is_in_hand() {
    constexpr int look_every_milliseconds = 100;
    const auto patience_in_milliseconds = std::chrono::milliseconds(patience).count();
    pollfd late{interruption_.late_event_, POLLIN, 0};
    std::uint64_t seen = in_hand_();
    std::int64_t since = now_milliseconds();
    while (::poll(&late, 1, look_every_milliseconds) <= 0) {
        const std::uint64_t now = in_hand_();
        // A stage that failed stops the others, too, and no model of its own.
        if (now == 0 || now != seen || interruption_.signal() == 0) since = now_milliseconds();
        seen = now;
        if (now_milliseconds() - since < patience_in_milliseconds) continue;
        interruption_.late_ = true;
        return;
    }
}

Interruption::AtLast::~AtLast() {
    interruption_.somebody_saves_ = false;
    set(interruption_.late_event_);
    thread_.join();
}

} // namespace detect::cli
