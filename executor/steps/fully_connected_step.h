#pragma once

#include "executor/kernels/gemm.h"
#include "executor/step.h"

namespace detect {

/// x [M, …] → activation(x · B + bias) [M, N]; all axes of x behind the first count as one. B's rows stand in the order
/// in which x has its elements.
[[nodiscard]] std::shared_ptr<const Step> make_fully_connected_step(PackedMatrix weights, Activation activation);

} // namespace detect
