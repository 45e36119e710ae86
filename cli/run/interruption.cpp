#include "cli/run/interruption.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace detect::cli {

namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

int checked(int descriptor) {
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "signals");
    return descriptor;
}

void raise_event(int event) {
    const std::uint64_t one = 1;
    if (::write(event, &one, sizeof one) < 0) return; // full: it is readable already
}

} // namespace

Interruption::Interruption()
    : signals_(-1), event_(checked(::eventfd(0, EFD_CLOEXEC))), end_(checked(::eventfd(0, EFD_CLOEXEC))) {
    const sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = checked(::signalfd(-1, &set, SFD_CLOEXEC));
    listener_ = std::thread([this] { listen(); });
}

Interruption::~Interruption() {
    raise_event(end_);
    listener_.join();
    for (const int descriptor : {signals_, event_, end_}) ::close(descriptor);
    const sigset_t set = watched_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Interruption::stop() {
    requested_ = true;
    raise_event(event_);
}

void Interruption::listen() {
    for (;;) {
        std::array<pollfd, 2> watched{{{signals_, POLLIN, 0}, {end_, POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;
        if (watched[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals_, &info, sizeof info) != sizeof info) continue;
        const int number = static_cast<int>(info.ssi_signo);
        if (signal_.exchange(number) != 0) ::_exit(128 + number);
        stop();
    }
}

bool Interruption::wait_readable(int descriptor) const {
    std::array<pollfd, 2> watched{{{event_, POLLIN, 0}, {descriptor, POLLIN, 0}}};
    while (!requested_) {
        if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return false;
        if (watched[1].revents != 0) return !requested_;
    }
    return false;
}

} // namespace detect::cli
