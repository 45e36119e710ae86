// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/kernel.h"
#include "executor/step.h"

namespace detect {

/// Any operator, by its plain kernel. Kernels that do not care where an element stands also take channels-last tensors.
[[nodiscard]] std::shared_ptr<const Step> make_reference_step(const Node& node, int opset, Kernel kernel);

} // namespace detect
