// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <unistd.h>

namespace detect::cli {

/// In bytes, of `--memory-limit` in 10^6 bytes. 0, as if it is not given: what the machine has. A model that wants more
/// is to end with an error, not with the system's help.
inline std::size_t memory_limit_in_bytes(std::size_t megabytes) {
    if (megabytes > 0) return megabytes * 1'000'000;
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page_bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_bytes) : 0;
}

} // namespace detect::cli
