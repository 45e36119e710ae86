// SPDX-License-Identifier: Apache-2.0
#include "backbone/layers.h"

namespace detect {

namespace {

ValueId add_convolution_node(GraphBuilder& b, std::vector<ValueId> inputs, const ConvolutionSettings& settings) {
    const std::int64_t padding = settings.kernel / 2;
    return b.node("Conv", std::move(inputs),
                  {{"kernel_shape", std::vector<std::int64_t>{settings.kernel, settings.kernel}},
                   {"strides", std::vector<std::int64_t>{settings.stride, settings.stride}},
                   {"pads", std::vector<std::int64_t>{padding, padding, padding, padding}},
                   {"dilations", std::vector<std::int64_t>{1, 1}},
                   {"group", settings.groups}});
}

Dims weight_dims(const ConvolutionSettings& s) {
    return {s.out_channels, s.in_channels / s.groups, s.kernel, s.kernel};
}

} // namespace

ValueId add_nonlinearity(GraphBuilder& b, ValueId x, Nonlinearity activation) {
    switch (activation) {
    case Nonlinearity::none: return x;
    case Nonlinearity::relu: return b.node("Relu", {x});
    case Nonlinearity::hard_swish: return b.node("HardSwish", {x});
    case Nonlinearity::hard_sigmoid: return b.node("HardSigmoid", {x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
    }
    return x;
}

ValueId add_convolution(GraphBuilder& b, ValueId x, const std::string& key, const ConvolutionSettings& settings,
                        std::string_view why) {
    const ValueId weight = b.parameter(key + ".weight", weight_dims(settings), why);
    const ValueId bias = b.parameter(key + ".bias", {settings.out_channels}, why);
    return add_convolution_node(b, {x, weight, bias}, settings);
}

ValueId add_convolution_norm(GraphBuilder& b, ValueId x, const std::string& key, const ConvolutionSettings& settings,
                             Nonlinearity activation) {
    const ValueId weight = b.parameter(key + ".0.weight", weight_dims(settings));
    const ValueId convolved = add_convolution_node(b, {x, weight}, settings);
    const Dims per_channel{settings.out_channels};
    const ValueId normalised =
        b.node("BatchNormalization",
               {convolved, b.parameter(key + ".1.weight", per_channel), b.parameter(key + ".1.bias", per_channel),
                b.parameter(key + ".1.running_mean", per_channel), b.parameter(key + ".1.running_var", per_channel)},
               {{"epsilon", 1e-5F}});
    return add_nonlinearity(b, normalised, activation);
}

} // namespace detect
