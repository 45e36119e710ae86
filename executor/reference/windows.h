// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/support.h"
#include "graph/operators/window_attributes.h"

#include <array>

namespace detect::reference {

/// A convolution or pooling over up to three spatial axes, seen as exactly three (leading axes of size 1 added).
struct Sliding {
    std::array<std::int64_t, 3> input{1, 1, 1};
    std::array<std::int64_t, 3> output{1, 1, 1};
    std::array<Window, 3> window{};

    [[nodiscard]] std::int64_t input_size() const { return input[0] * input[1] * input[2]; }
    [[nodiscard]] std::int64_t output_size() const { return output[0] * output[1] * output[2]; }
    [[nodiscard]] std::int64_t kernel_size() const { return window[0].kernel * window[1].kernel * window[2].kernel; }
};

/// The geometry of a node whose rule has accepted `input` ([batch, channels, sizes...]) and given `output`.
/// `unsupported` for more than three spatial axes.
[[nodiscard]] Result<Sliding> sliding(const KernelContext& context, const Dims& input, const Dims& output,
                                      std::span<const std::int64_t> kernel);

/// The positions of a window's axis that fall inside the input: kernel taps [first, last).
struct TapRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};
[[nodiscard]] inline TapRange taps_inside(const Window& window, std::int64_t start, std::int64_t size) {
    const std::int64_t first = start >= 0 ? 0 : (-start + window.dilation - 1) / window.dilation;
    const std::int64_t room = size - start;
    const std::int64_t last = room <= 0 ? 0 : (room - 1) / window.dilation + 1;
    return {first, last < window.kernel ? last : window.kernel};
}

} // namespace detect::reference
