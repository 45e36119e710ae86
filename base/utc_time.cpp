// SPDX-License-Identifier: Apache-2.0
#include "base/utc_time.h"

#include <array>

namespace detect {

std::string utc_time(std::time_t seconds) {
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    return text.data();
}

} // namespace detect
