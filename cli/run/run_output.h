// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/interruption.h"

#include <ios>
#include <streambuf>

namespace detect::cli {

/// Standard output (std::cout) while it lives. A write to a pipe that is full waits for whoever is to read it, who may
/// have stopped for good: once stopping is requested, such a write is given up, and std::cout is bad.
class RunOutput final : private std::streambuf {
public:
    explicit RunOutput(const Interruption& interruption);
    ~RunOutput() override;
    RunOutput(const RunOutput&) = delete;
    RunOutput& operator=(const RunOutput&) = delete;

private:
    std::streamsize xsputn(const char* text, std::streamsize count) override;
    int_type overflow(int_type letter) override;

    const Interruption& interruption_;
    std::streambuf* before_;
};

} // namespace detect::cli
