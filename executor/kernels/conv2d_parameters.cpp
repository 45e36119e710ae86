// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/conv2d_parameters.h"

#include "base/checked.h"

#include <array>
#include <cstdint>
#include <string>

namespace detect {

namespace {

std::size_t output_size(std::size_t size, std::size_t pads, std::size_t kernel, std::size_t stride,
                        std::size_t dilation) {
    const std::size_t reach = dilation * (kernel - 1) + 1;
    return size + pads < reach ? 0 : (size + pads - reach) / stride + 1;
}

Error bad_convolution(const std::string& what) {
    return Error{ErrorCode::invalid_argument, "cannot prepare a convolution: " + what};
}

} // namespace

std::size_t Conv2dParameters::output_height(std::size_t height) const {
    return output_size(height, pad_top + pad_bottom, kernel_h, stride_h, dilation_h);
}

std::size_t Conv2dParameters::output_width(std::size_t width) const {
    return output_size(width, pad_left + pad_right, kernel_w, stride_w, dilation_w);
}

bool Conv2dParameters::is_pointwise() const {
    return kernel_h == 1 && kernel_w == 1 && stride_h == 1 && stride_w == 1 && pad_top == 0 && pad_left == 0 &&
           pad_bottom == 0 && pad_right == 0 && groups == 1;
}

bool Conv2dParameters::is_depthwise() const {
    return groups == input_channels && groups == output_channels && groups > 1;
}

Result<void> check_conv2d(const Conv2dParameters& p, std::span<const float> weights, std::span<const float> bias) {
    // Padding, dilation and kernel are bounded so that positions in a picture never overflow.
    constexpr std::size_t most = std::size_t{1} << 24U;
    for (const std::size_t size : {p.input_channels, p.output_channels, p.kernel_h, p.kernel_w, p.stride_h, p.stride_w,
                                   p.dilation_h, p.dilation_w, p.groups}) {
        if (size == 0 || size > most) {
            return bad_convolution("channels, kernel, strides, dilations and groups must be 1 to " +
                                   std::to_string(most) + ", found " + std::to_string(size));
        }
    }
    for (const std::size_t pad : {p.pad_top, p.pad_left, p.pad_bottom, p.pad_right}) {
        if (pad > most) return bad_convolution("padding " + std::to_string(pad) + " is too large");
    }
    if (p.input_channels % p.groups != 0 || p.output_channels % p.groups != 0) {
        return bad_convolution(std::to_string(p.groups) + " groups do not divide " + std::to_string(p.input_channels) +
                               " and " + std::to_string(p.output_channels) + " channels");
    }
    const std::array<std::int64_t, 4> dims{
        static_cast<std::int64_t>(p.output_channels), static_cast<std::int64_t>(p.input_channels / p.groups),
        static_cast<std::int64_t>(p.kernel_h), static_cast<std::int64_t>(p.kernel_w)};
    const auto count = checked_element_count(dims);
    if (!count || static_cast<std::size_t>(*count) != weights.size()) {
        return bad_convolution("it has " + std::to_string(weights.size()) + " weights, which does not fit its sizes");
    }
    if (!bias.empty() && bias.size() != p.output_channels) {
        return bad_convolution("it has " + std::to_string(bias.size()) + " biases for " +
                               std::to_string(p.output_channels) + " channels");
    }
    return {};
}

} // namespace detect
