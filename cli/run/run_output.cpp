// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <unistd.h>

namespace detect::cli {

RunOutput::RunOutput(const Interruption& interruption, std::ostream& stream, int descriptor)
    : interruption_(interruption), stream_(stream), descriptor_(descriptor), before_(stream.flush().rdbuf(this)) {}

RunOutput::~RunOutput() {
    const auto state = stream_.rdstate(); // another buffer would make it good again
    stream_.rdbuf(before_);
    stream_.setstate(state);
}

std::streamsize RunOutput::xsputn(const char* text, std::streamsize count) {
    std::streamsize done = 0;
    while (done < count) {
        if (!interruption_.wait_writable(descriptor_)) break;
        // So much fits into a pipe that is said to have room.
        const auto some = std::min<std::streamsize>(count - done, PIPE_BUF);
        const ssize_t written = ::write(descriptor_, text + done, static_cast<std::size_t>(some));
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
