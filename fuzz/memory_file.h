// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/target.h"

#include <filesystem>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace detect::fuzz {

/// Bytes as a file in memory, for readers that take a path. It is gone with this.
class MemoryFile {
public:
    explicit MemoryFile(Bytes bytes) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
        require(descriptor_ >= 0, "there is memory for a file");
        require(write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "it takes all");
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { close(descriptor_); }

    [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

} // namespace detect::fuzz
