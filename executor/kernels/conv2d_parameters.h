// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/feature_map.h"
#include "detect/error.h"
#include "executor/kernels/activation.h"

#include <cstddef>
#include <span>

namespace detect {

/// What a 2-D convolution is (torch.nn.Conv2d, ONNX Conv), but for its weights.
struct Conv2dParameters {
    std::size_t input_channels = 0;
    std::size_t output_channels = 0;
    std::size_t kernel_h = 1;
    std::size_t kernel_w = 1;
    std::size_t stride_h = 1;
    std::size_t stride_w = 1;
    std::size_t pad_top = 0;
    std::size_t pad_left = 0;
    std::size_t pad_bottom = 0;
    std::size_t pad_right = 0;
    std::size_t dilation_h = 1;
    std::size_t dilation_w = 1;
    std::size_t groups = 1;
    Activation activation = Activation::none;

    /// Rows and columns that come out; 0 where the kernel does not fit in.
    [[nodiscard]] std::size_t output_height(std::size_t height) const;
    [[nodiscard]] std::size_t output_width(std::size_t width) const;
    [[nodiscard]] bool is_pointwise() const;
    /// One input channel for each output channel.
    [[nodiscard]] bool is_depthwise() const;

    friend bool operator==(const Conv2dParameters&, const Conv2dParameters&) = default;
};

/// `invalid_argument` unless the parameters make sense and `weights` [output, input / groups, kernel_h, kernel_w] and
/// `bias` [output] (or empty) have their sizes.
Result<void> check_conv2d(const Conv2dParameters& parameters, std::span<const float> weights,
                          std::span<const float> bias);

} // namespace detect
