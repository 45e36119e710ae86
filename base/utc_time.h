// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <string>

namespace detect {

/// Universal time to the second, as in 2026-12-01T08:30:00: ISO 8601 (RFC 3339) but for the zone, which "Z" ends.
[[nodiscard]] std::string utc_time(std::time_t seconds);

} // namespace detect
