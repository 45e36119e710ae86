// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/support.h"

#include <optional>

namespace detect::reference {

/// Index tensors as int64, checked and counted from the front: every index of `indices` (int32 or int64) must lie in
/// [-size, size). `bad_model` naming the first that does not.
[[nodiscard]] Result<std::vector<std::int64_t>> resolved_indices(const KernelContext& context, const Tensor& indices,
                                                                 std::int64_t size);

/// Index tuples of GatherND and ScatterND as element offsets: each row of `length` coordinates addresses a block of the
/// axes [first_axis, first_axis + length) of `dims`.
[[nodiscard]] Result<std::vector<std::int64_t>> tuple_offsets(const KernelContext& context, const Tensor& indices,
                                                              const Dims& dims, std::size_t first_axis,
                                                              std::size_t length);

/// The walk of GatherElements and ScatterElements: for each element of the indices, in order, the offset of the data
/// element whose coordinate on `axis` is replaced by the index.
[[nodiscard]] Result<std::vector<std::int64_t>> element_offsets(const KernelContext& context, const Tensor& indices,
                                                                const Dims& dims, std::size_t axis);

} // namespace detect::reference
