// SPDX-License-Identifier: Apache-2.0
#include "base/percentile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace detect {

double percentile(const std::vector<double>& sorted, double quantile) {
    const double position = quantile * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(position));
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

} // namespace detect
