// SPDX-License-Identifier: Apache-2.0
#include "cli/ending_signals.h"

#include "base/temporary.h"

#include <cerrno>
#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace detect::cli {

namespace {

/// In the first thread, which then makes no more files: whatever it was doing, it does not go on. That thread has the
/// number of the process.
void on_signal(int number) {
    const int error = errno;
    if (::syscall(SYS_gettid) != ::getpid()) {
        ::syscall(SYS_tgkill, ::getpid(), ::getpid(), number);
        errno = error;
        return;
    }
    remove_own_temporary_files();
    ::_exit(128 + number);
}

} // namespace

void end_well_on_signals() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask); // one is enough
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        ::sigaction(number, nullptr, &before);
        if (before.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
    }
}

} // namespace detect::cli
