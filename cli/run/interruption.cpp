// SPDX-License-Identifier: Apache-2.0
#include "cli/run/interruption.h"

#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace detect::cli {

namespace {

constexpr std::array watched_signals{SIGINT, SIGTERM, SIGHUP};

/// A handler is told nothing but the signal. (A signalfd would need no such thing, but libraries start threads before
/// main does, and those would have to block the signals.)
std::atomic<Interruption*> current = nullptr;
static_assert(std::atomic<Interruption*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

} // namespace

Interruption::Interruption() : event_(::eventfd(0, EFD_CLOEXEC)) {
    if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
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
}

/// Only what a handler may do: lock-free atomics, write, _exit.
void Interruption::on_signal(int number) {
    const int error = errno;
    if (Interruption* const self = current) {
        if (self->signal_.exchange(number) != 0) ::_exit(128 + number);
        self->stop();
    }
    errno = error;
}

void Interruption::stop() {
    requested_ = true;
    const std::uint64_t one = 1;
    if (::write(event_, &one, sizeof one) < 0) return; // full: it is readable already
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

} // namespace detect::cli
