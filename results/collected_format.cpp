// SPDX-License-Identifier: Apache-2.0
#include "results/collected_format.h"

#include "base/atomic_file.h"

#include <ostream>

namespace detect {

Result<void> write_whole(const CollectedTarget& target, std::string_view text) {
    if (!target.file.empty()) return write_file(target.file, text);
    *target.stream << text << std::flush;
    return {};
}

} // namespace detect
