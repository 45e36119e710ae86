// SPDX-License-Identifier: Apache-2.0
#include "backbone/mobilenet_v3.h"

#include "backbone/layers.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

struct InvertedResidual {
    std::int64_t in_channels;
    std::int64_t kernel;
    std::int64_t expanded_channels;
    std::int64_t out_channels;
    bool squeeze_excite;
    Nonlinearity activation;
    std::int64_t stride;
};

constexpr auto relu = Nonlinearity::relu;
constexpr auto hard_swish = Nonlinearity::hard_swish;

/// Table 1 of the paper: body blocks 1 to 15.
constexpr std::array<InvertedResidual, 15> blocks{{
    {16, 3, 16, 16, false, relu, 1},
    {16, 3, 64, 24, false, relu, 2},
    {24, 3, 72, 24, false, relu, 1},
    {24, 5, 72, 40, true, relu, 2},
    {40, 5, 120, 40, true, relu, 1},
    {40, 5, 120, 40, true, relu, 1},
    {40, 3, 240, 80, false, hard_swish, 2},
    {80, 3, 200, 80, false, hard_swish, 1},
    {80, 3, 184, 80, false, hard_swish, 1},
    {80, 3, 184, 80, false, hard_swish, 1},
    {80, 3, 480, 112, true, hard_swish, 1},
    {112, 3, 672, 112, true, hard_swish, 1},
    {112, 5, 672, 160, true, hard_swish, 2},
    {160, 5, 960, 160, true, hard_swish, 1},
    {160, 5, 960, 160, true, hard_swish, 1},
}};

/// torchvision's _make_divisible: to the nearest multiple of 8, but never below 90 %.
constexpr std::int64_t make_divisible_by_8(std::int64_t channels) {
    const std::int64_t rounded = std::max<std::int64_t>(8, (channels + 4) / 8 * 8);
    return rounded * 10 < channels * 9 ? rounded + 8 : rounded;
}

/// Hu et al. 2018, with ReLU inside and hard-sigmoid outside.
ValueId add_squeeze_excite(GraphBuilder& b, ValueId x, const std::string& key, std::int64_t channels) {
    const std::int64_t squeezed = make_divisible_by_8(channels / 4);
    ValueId gate = b.node("GlobalAveragePool", {x});
    gate = add_convolution(b, gate, key + ".fc1", {.in_channels = channels, .out_channels = squeezed});
    gate = add_nonlinearity(b, gate, Nonlinearity::relu);
    gate = add_convolution(b, gate, key + ".fc2", {.in_channels = squeezed, .out_channels = channels});
    gate = add_nonlinearity(b, gate, Nonlinearity::hard_sigmoid);
    return b.mul(gate, x);
}

/// Expand 1×1 (unless it would not expand), depthwise k×k, squeeze-excite, project 1×1; shortcut where shapes allow.
ValueId add_inverted_residual(GraphBuilder& b, ValueId x, const std::string& key, const InvertedResidual& block) {
    int step = 0;
    const auto next = [&] { return key + ".block." + std::to_string(step++); };
    ValueId y = x;
    if (block.expanded_channels != block.in_channels) {
        y = add_convolution_norm(b, y, next(),
                                 {.in_channels = block.in_channels, .out_channels = block.expanded_channels},
                                 block.activation);
    }
    y = add_convolution_norm(b, y, next(),
                             {.in_channels = block.expanded_channels,
                              .out_channels = block.expanded_channels,
                              .kernel = block.kernel,
                              .stride = block.stride,
                              .groups = block.expanded_channels},
                             block.activation);
    if (block.squeeze_excite) y = add_squeeze_excite(b, y, next(), block.expanded_channels);
    y = add_convolution_norm(b, y, next(), {.in_channels = block.expanded_channels, .out_channels = block.out_channels},
                             Nonlinearity::none);
    const bool shortcut = block.stride == 1 && block.in_channels == block.out_channels;
    return shortcut ? b.add(y, x) : y;
}

} // namespace

BackboneMaps add_mobilenet_v3_large(GraphBuilder& b, ValueId images) {
    const auto scope = b.scope("backbone");
    const std::string body = "backbone.body.";
    BackboneMaps maps;
    ValueId x = add_convolution_norm(b, images, body + "0",
                                     {.in_channels = 3, .out_channels = 16, .kernel = 3, .stride = 2}, hard_swish);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const std::string number = std::to_string(i + 1);
        const auto block_scope = b.scope("block_" + number);
        x = add_inverted_residual(b, x, body + number, blocks[i]);
        if (i + 1 == 13) maps.block_13 = x;
    }
    maps.block_16 = add_convolution_norm(b, x, body + "16", {.in_channels = 160, .out_channels = 960}, hard_swish);
    return maps;
}

} // namespace detect
