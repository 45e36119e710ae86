// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/step.h"

namespace detect {

/// Axis i of the output is axis `permutation[i]` of the input, of any type; empty: the axes in reverse order.
[[nodiscard]] std::shared_ptr<const Step> make_transpose(std::vector<std::size_t> permutation);

} // namespace detect
