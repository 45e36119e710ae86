// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <iostream>
#include <unistd.h>

namespace detect::cli {

RunOutput::RunOutput(const Interruption& interruption)
    : interruption_(interruption), before_(std::cout.flush().rdbuf(this)) {
    // A stream that gets another buffer forgets what went wrong with the one before; here nothing has been printed.
}

RunOutput::~RunOutput() {
    const auto state = std::cout.rdstate();
    std::cout.rdbuf(before_);
    std::cout.setstate(state);
}

std::streamsize RunOutput::xsputn(const char* text, std::streamsize count) {
    std::streamsize done = 0;
    while (done < count) {
        if (!interruption_.wait_writable(STDOUT_FILENO)) break;
        // So much fits into a pipe that is said to have room.
        const auto some = std::min<std::streamsize>(count - done, PIPE_BUF);
        const ssize_t written = ::write(STDOUT_FILENO, text + done, static_cast<std::size_t>(some));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) break;
        done += written;
    }
    return done;
}

RunOutput::int_type RunOutput::overflow(int_type letter) {
    if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
    const char one = traits_type::to_char_type(letter);
    return xsputn(&one, 1) == 1 ? letter : traits_type::eof();
}

} // namespace detect::cli
