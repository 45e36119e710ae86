// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Feature maps in memory, channels last: what the kernels of several rooms agree on.
namespace detect {

/// Sizes of a picture or feature map, batch included.
struct MapSize {
    std::size_t batch = 1;
    std::size_t height = 0;
    std::size_t width = 0;
};

/// A pixel (floats from the start of the map to its first channel) and its weight.
struct PixelTap {
    std::size_t offset = 0;
    float weight = 0.F;
};

/// y[channels] = Σ weight · x[offset + c] over `count` taps, one chain of multiply-adds that starts at 0, or at y if
/// `resume`. Every instruction set has one.
using WeightedSum = void (*)(const float* x, const PixelTap* taps, std::size_t count, std::size_t channels, bool resume,
                             float* y);

} // namespace detect
