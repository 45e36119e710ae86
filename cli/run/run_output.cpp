// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sys/uio.h>
#include <unistd.h>

namespace detect::cli {

RunOutput::RunOutput(const Interruption& interruption, std::ostream& stream, int descriptor)
    : interruption_(interruption), stream_(stream), descriptor_(descriptor), before_(stream.flush().rdbuf(this)) {}

RunOutput::~RunOutput() {
    const auto state = stream_.rdstate(); // another buffer would make it good again
    stream_.rdbuf(before_);
    stream_.setstate(state);
}

/// A pipe counts as full for poll(2) when its last page has been begun, and may still take some: so it is tried first.
ssize_t RunOutput::write_some(const char* text, std::size_t count) const {
    const iovec part{const_cast<char*>(text), count}; // is only read
    const ssize_t written = ::pwritev2(descriptor_, &part, 1, -1, RWF_NOWAIT);
    if (written >= 0 || errno == EPIPE || errno == EINTR) return written;
    errno = EAGAIN; // also where there is no such call for this kind of file
    return interruption_.wait_writable(descriptor_) ? ::write(descriptor_, text, count) : -1;
}

std::streamsize RunOutput::xsputn(const char* text, std::streamsize count) {
    std::streamsize done = 0;
    while (done < count) {
        // So much fits into a pipe that is said to have room.
        const auto some = std::min<std::streamsize>(count - done, PIPE_BUF);
        const ssize_t written = write_some(text + done, static_cast<std::size_t>(some));
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
