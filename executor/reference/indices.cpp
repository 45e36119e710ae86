// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/indices.h"

#include <array>

namespace detect::reference {

namespace {

Error out_of_range(const KernelContext& context, std::int64_t index, std::int64_t size) {
    return context.error("index " + std::to_string(index) + " is outside an axis of " + std::to_string(size) +
                         " elements");
}

} // namespace

Result<std::vector<std::int64_t>> resolved_indices(const KernelContext& context, const Tensor& indices,
                                                   std::int64_t size) {
    auto values = integers(indices);
    for (std::int64_t& index : values) {
        if (index < -size || index >= size) return out_of_range(context, index, size);
        if (index < 0) index += size;
    }
    return values;
}

Result<std::vector<std::int64_t>> tuple_offsets(const KernelContext& context, const Tensor& indices, const Dims& dims,
                                                std::size_t first_axis, std::size_t length) {
    const auto coordinates = integers(indices);
    std::vector<std::int64_t> offsets(coordinates.size() / length);
    for (std::size_t row = 0; row < offsets.size(); ++row) {
        std::int64_t offset = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const std::int64_t size = dims[first_axis + i];
            const std::int64_t index = coordinates[row * length + i];
            if (index < -size || index >= size) return out_of_range(context, index, size);
            offset = offset * size + (index < 0 ? index + size : index);
        }
        offsets[row] = offset * extent(dims, first_axis + length, dims.rank());
    }
    return offsets;
}

Result<std::vector<std::int64_t>> element_offsets(const KernelContext& context, const Tensor& indices, const Dims& dims,
                                                  std::size_t axis) {
    DETECT_TRY_ASSIGN(auto values, resolved_indices(context, indices, dims[axis]));
    const Dims& walked = indices.dims();
    const std::size_t rank = dims.rank();
    const std::int64_t axis_stride = extent(dims, axis + 1, rank);
    std::array<std::int64_t, Dims::max_rank> strides{};
    for (std::size_t i = 0; i < rank; ++i) strides[i] = i == axis ? 0 : extent(dims, i + 1, rank);
    if (values.empty()) return values;
    // A row at a time: along the last axis offsets differ by one stride.
    const std::int64_t row = walked[rank - 1];
    const std::int64_t step = strides[rank - 1];
    std::array<std::int64_t, Dims::max_rank> position{};
    std::int64_t base = 0;
    for (auto value = values.begin(); value != values.end();) {
        std::int64_t at = base;
        for (const auto end = value + row; value != end; ++value, at += step) *value = at + *value * axis_stride;
        for (std::size_t i = rank - 1; i-- > 0;) {
            base += strides[i];
            if (++position[i] < walked[i]) break;
            base -= strides[i] * walked[i];
            position[i] = 0;
        }
    }
    return values;
}

} // namespace detect::reference
