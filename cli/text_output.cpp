// SPDX-License-Identifier: Apache-2.0
#include "cli/text_output.h"

#include "base/atomic_file.h"

#include <iostream>
#include <poll.h>
#include <unistd.h>

namespace detect::cli {

Result<void> write_text(const std::string& destination, std::string_view text) {
    if (destination == "-") {
        std::cout << text << std::flush;
        return {};
    }
    return write_file(destination, text);
}

bool nobody_reads_output() {
    pollfd output{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

} // namespace detect::cli
