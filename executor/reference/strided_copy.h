// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace detect::reference {

/// One axis of a walk through a tensor: how many elements, and how far apart they lie (0 repeats, negative goes back).
struct StridedAxis {
    std::int64_t size = 0;
    std::int64_t stride = 0;
};

/// Writes elements one after another to `target`, read from `source` along the axes (outermost first, at most 16).
/// `source` is the first element; strides count elements of `element_size` bytes.
void copy_strided(std::byte* target, const std::byte* source, std::span<const StridedAxis> axes,
                  std::size_t element_size);

} // namespace detect::reference
