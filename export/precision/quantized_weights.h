// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <span>

namespace detect {

/// A weight [out, …] as int8 from -127 to 127, with a scale [out] per output channel.
struct QuantizedWeight {
    Tensor integers;
    Tensor scales;
};

/// `least_scales` [out]: what a channel's scale must not be below, whatever its weights are.
[[nodiscard]] Result<QuantizedWeight> quantize_weight(const Tensor& weight, std::span<const float> least_scales);

/// The least scale of a channel's weights at which its bias fits into 32 bits with room to spare. It matters where all
/// weights of a channel are nearly zero, as training often leaves them, and the bias is all there is.
[[nodiscard]] float least_weight_scale(float bias, float input_scale);

/// The floats that the integers stand for.
[[nodiscard]] Result<Tensor> dequantize(const QuantizedWeight& weight);

/// A bias [out] as int32, with the scale [out] that its layer's sums of products have.
struct QuantizedBias {
    Tensor integers;
    Tensor scales;
    /// The floats that the integers stand for.
    Tensor rounded;
};

/// Of `bias` + `correction` (which may be empty). What does not fit into 32 bits is saturated.
[[nodiscard]] Result<QuantizedBias> quantize_bias(const Tensor& bias, std::span<const float> correction,
                                                  float input_scale, std::span<const float> weight_scales);

} // namespace detect
