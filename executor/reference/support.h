// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/try.h"
#include "executor/reference/kernel.h"
#include "graph/operators.h"

#include <vector>

namespace detect::reference {

/// Runs the operator's own rule on the inputs as they are, values included. Whatever a rule rejects (types, ranks,
/// axes, sizes that do not go together) is rejected here, so kernels check only what a rule cannot see.
[[nodiscard]] Result<std::vector<ShapeContext::Output>> infer_outputs(const KernelContext& context);

/// Infers the outputs and allocates output 0, which must be fully determined.
[[nodiscard]] Result<Tensor*> allocate_inferred(KernelContext& context);

/// The sizes of an output whose rule gave them all; `internal` if it did not.
[[nodiscard]] Result<Dims> known_dims(const KernelContext& context, const ShapeContext::Output& output);

/// The elements of an int64 or int32 tensor.
[[nodiscard]] std::vector<std::int64_t> integers(const Tensor& tensor);

/// An axis that a rule has found to exist, counted from the front.
[[nodiscard]] inline std::size_t from_front(std::int64_t axis, std::size_t rank) {
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

/// The number of elements in axes [first, last).
[[nodiscard]] inline std::int64_t extent(const Dims& dims, std::size_t first, std::size_t last) {
    std::int64_t count = 1;
    for (std::size_t axis = first; axis < last; ++axis) count *= dims[axis];
    return count;
}

} // namespace detect::reference
