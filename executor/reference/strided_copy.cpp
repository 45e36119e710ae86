// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/strided_copy.h"

#include <cstring>

namespace detect::reference {

namespace {

constexpr std::size_t max_axes = 16;

struct Walk {
    std::array<StridedAxis, max_axes> axes{};
    std::size_t rank = 0;
};

/// Drops axes of one element and joins neighbours that one stride runs through.
Walk simplified(std::span<const StridedAxis> axes) {
    Walk walk;
    for (const StridedAxis& axis : axes) {
        if (axis.size == 1) continue;
        if (walk.rank > 0 && walk.axes[walk.rank - 1].stride == axis.stride * axis.size) {
            walk.axes[walk.rank - 1] = {walk.axes[walk.rank - 1].size * axis.size, axis.stride};
        } else {
            walk.axes[walk.rank++] = axis;
        }
    }
    if (walk.rank == 0) walk.axes[walk.rank++] = {1, 1};
    return walk;
}

template <std::size_t size>
std::byte* copy_axes(std::byte* target, const std::byte* source, std::span<const StridedAxis> axes) {
    const StridedAxis& axis = axes.front();
    const std::int64_t step = axis.stride * static_cast<std::int64_t>(size);
    if (axes.size() > 1) {
        for (std::int64_t i = 0; i < axis.size; ++i) {
            target = copy_axes<size>(target, source + i * step, axes.subspan(1));
        }
        return target;
    }
    const std::size_t bytes = static_cast<std::size_t>(axis.size) * size;
    if (axis.stride == 1) {
        std::memcpy(target, source, bytes);
        return target + bytes;
    }
    for (std::int64_t i = 0; i < axis.size; ++i) {
        std::memcpy(target, source + i * step, size);
        target += size;
    }
    return target;
}

} // namespace

void copy_strided(std::byte* target, const std::byte* source, std::span<const StridedAxis> axes,
                  std::size_t element_size) {
    for (const StridedAxis& axis : axes) {
        if (axis.size == 0) return;
    }
    const Walk walk = simplified(axes);
    const std::span<const StridedAxis> rest(walk.axes.data(), walk.rank);
    switch (element_size) {
    case 1: copy_axes<1>(target, source, rest); break;
    case 2: copy_axes<2>(target, source, rest); break;
    case 4: copy_axes<4>(target, source, rest); break;
    default: copy_axes<8>(target, source, rest); break;
    }
}

} // namespace detect::reference
