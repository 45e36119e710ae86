// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace detect {

/// The value that a share of `quantile` (0 to 1) of `sorted` lies below, interpolated between neighbours as
/// numpy.percentile does. `sorted` is ascending and not empty.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double quantile);

} // namespace detect
