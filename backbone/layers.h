// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

#include <string>

namespace detect {

enum class Nonlinearity { none, relu, hard_swish, hard_sigmoid };

/// x ↦ activation(x). Hard-sigmoid is relu6(x + 3) / 6; hard-swish is x · hard-sigmoid(x) (Howard et al. 2019).
ValueId add_nonlinearity(GraphBuilder& builder, ValueId x, Nonlinearity activation);

struct ConvolutionSettings {
    std::int64_t in_channels;
    std::int64_t out_channels;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t groups = 1;
};

/// Conv2d with bias, padded by kernel / 2. Reads `key`.weight [out, in / groups, k, k] and `key`.bias [out].
/// `why` explains the expected shapes in error messages.
ValueId add_convolution(GraphBuilder& builder, ValueId x, const std::string& key, const ConvolutionSettings& settings,
                        std::string_view why = "");

/// torchvision's Conv2dNormActivation: Conv2d without bias, BatchNorm (eps 1e-5: the detection builder's, not
/// MobileNetV3's usual 1e-3), activation. Reads `key`.0.weight and `key`.1.{weight, bias, running_mean, running_var}.
ValueId add_convolution_norm(GraphBuilder& builder, ValueId x, const std::string& key,
                             const ConvolutionSettings& settings, Nonlinearity activation);

} // namespace detect
