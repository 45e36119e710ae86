// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/interruption.h"

#include <ostream>
#include <streambuf>
#include <sys/types.h>

namespace detect::cli {

/// What is printed while it lives. A write to a pipe that is full waits for whoever is to read it, who may have stopped
/// for good: once stopping is requested, such a write is given up, and the stream is bad.
class RunOutput final : private std::streambuf {
public:
    /// `stream` has written to `descriptor` so far.
    RunOutput(const Interruption& interruption, std::ostream& stream, int descriptor);
    ~RunOutput() override;
    RunOutput(const RunOutput&) = delete;
    RunOutput& operator=(const RunOutput&) = delete;

private:
    /// -1 and errno, as of write(2); EAGAIN: it has been given up.
    [[nodiscard]] ssize_t write_some(const char* text, std::size_t count) const;
    std::streamsize xsputn(const char* text, std::streamsize count) override;
    int_type overflow(int_type letter) override;

    const Interruption& interruption_;
    std::ostream& stream_;
    int descriptor_;
    std::streambuf* before_;
};

} // namespace detect::cli
