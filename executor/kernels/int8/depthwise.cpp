// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/depthwise.h"

#include "base/try.h"

namespace detect {

bool Int8Depthwise::supports(const Conv2dParameters& p) {
    return p.is_depthwise() && p.kernel_h == p.kernel_w && (p.kernel_h == 3 || p.kernel_h == 5) &&
           p.stride_h == p.stride_w && (p.stride_h == 1 || p.stride_h == 2) && p.dilation_h == 1 && p.dilation_w == 1;
}

Result<Int8Depthwise> Int8Depthwise::prepare(const Int8Kernels& kernels, const Conv2dParameters& p,
                                             const Int8Weights& weights, const Quantisation& x, float unit) {
    const std::size_t channels = p.output_channels;
    const std::size_t kernel = p.kernel_h;
    const bool sizes_fit = supports(p) && weights.outputs == channels && weights.scales.size() == channels &&
                           weights.bytes.size() == channels * kernel * kernel &&
                           (weights.bias.empty() || weights.bias.size() == channels) &&
                           weights.fit(x.scale, kernel * kernel);
    if (!sizes_fit) {
        return Error{ErrorCode::invalid_argument, "cannot prepare a depthwise convolution of bytes: it must be 3x3 or "
                                                  "5x5, of stride 1 or 2, and its weights must fit"};
    }
    const std::size_t lanes = kernels.lanes;
    const std::size_t padded = round_up(channels, lanes);
    Int8Depthwise d;
    d.kernels_ = &kernels;
    d.parameters_ = p;
    d.fours_ = divide_up(kernel, 4);
    d.offset_.resize(padded);
    d.scale_.resize(padded);
    const std::size_t stride = d.fours_ * kernel * lanes * 4;
    DETECT_TRY_ASSIGN(d.weights_, AlignedBuffer::allocate(padded / lanes * stride / sizeof(float)));
    auto* const packed = reinterpret_cast<std::int8_t*>(d.weights_.data());
    for (std::size_t c = 0; c < channels; ++c) {
        const std::int8_t* const from = weights.bytes.data() + c * kernel * kernel;
        std::int8_t* const to = packed + c / lanes * stride + c % lanes * 4;
        std::int32_t sum = 0;
        for (std::size_t h = 0; h < kernel; ++h) {
            for (std::size_t w = 0; w < kernel; ++w) {
                to[(h / 4 * kernel + w) * lanes * 4 + h % 4] = from[h * kernel + w];
                sum += from[h * kernel + w];
            }
        }
        d.offset_[c] = weights.whole_bias(x.scale, c) - x.zero_point * sum;
        d.scale_[c] = x.scale * weights.scales[c] / unit;
    }
    return d;
}

void Int8Depthwise::describe(Int8DepthwiseRow& row) const {
    row.x_stride = pixel_stride();
    row.channels = parameters_.output_channels;
    row.kernel = parameters_.kernel_h;
    row.stride = parameters_.stride_h;
    row.weights = reinterpret_cast<const std::int8_t*>(weights_.data());
    row.finish.offset = offset_.data();
    row.finish.scale = scale_.data();
    row.finish.activation = parameters_.activation;
}

} // namespace detect
