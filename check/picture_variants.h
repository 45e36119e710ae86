// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <array>

/// Pictures made of a picture, all float32 [3, height, width].
namespace detect::checking {

/// Bilinear, half-pixel centres.
[[nodiscard]] Result<Tensor> resized(const Tensor& image, std::int64_t height, std::int64_t width);
/// Next to itself, so many times down and across.
[[nodiscard]] Result<Tensor> repeated(const Tensor& image, std::int64_t down, std::int64_t across);
[[nodiscard]] Result<Tensor> mirrored(const Tensor& image);
/// Red and blue exchanged.
[[nodiscard]] Result<Tensor> with_channels_swapped(const Tensor& image);
/// value · scale[channel] + shift[channel].
[[nodiscard]] Result<Tensor> rescaled(const Tensor& image, const std::array<float, 3>& scale,
                                      const std::array<float, 3>& shift);
/// Every value the same.
[[nodiscard]] Result<Tensor> flat(std::int64_t height, std::int64_t width, float value);
/// Shapes and gradients, for when there is no picture: enough to go through a model, nothing to find.
[[nodiscard]] Result<Tensor> drawn(std::int64_t height, std::int64_t width);

} // namespace detect::checking
