// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d_parameters.h"

#include <vector>

/// The convolutions of fasterrcnn_mobilenet_v3_large_fpn, each kind once: tests and benchmarks go through the same
/// list.
namespace detect::test {

struct ModelLayer {
    const char* name;
    Conv2dParameters parameters;
    /// Input of the layer for a picture of 800 × 1088.
    std::size_t height;
    std::size_t width;
    /// How often it occurs (the pyramid's and the RPN's 3×3 count by their pixels).
    int times;
};

inline Conv2dParameters conv_layer(std::size_t inputs, std::size_t outputs, std::size_t kernel, std::size_t stride,
                                   Activation activation) {
    const std::size_t pad = kernel / 2;
    return {inputs, outputs, kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1, 1, activation};
}

inline Conv2dParameters depthwise_layer(std::size_t channels, std::size_t kernel, std::size_t stride,
                                        Activation activation) {
    Conv2dParameters parameters = conv_layer(channels, channels, kernel, stride, activation);
    parameters.groups = channels;
    return parameters;
}

inline std::vector<ModelLayer> model_layers() {
    constexpr auto none = Activation::none;
    constexpr auto relu = Activation::relu;
    constexpr auto swish = Activation::hard_swish;
    return {
        {"stem_3_16", conv_layer(3, 16, 3, 2, swish), 800, 1088, 1},
        {"dw3_16", depthwise_layer(16, 3, 1, relu), 400, 544, 1},
        {"pw_16_16", conv_layer(16, 16, 1, 1, none), 400, 544, 1},
        {"pw_16_64", conv_layer(16, 64, 1, 1, relu), 400, 544, 1},
        {"dw3s2_64", depthwise_layer(64, 3, 2, relu), 400, 544, 1},
        {"pw_64_24", conv_layer(64, 24, 1, 1, none), 200, 272, 1},
        {"pw_24_72", conv_layer(24, 72, 1, 1, relu), 200, 272, 2},
        {"dw3_72", depthwise_layer(72, 3, 1, relu), 200, 272, 1},
        {"pw_72_24", conv_layer(72, 24, 1, 1, none), 200, 272, 1},
        {"dw5s2_72", depthwise_layer(72, 5, 2, relu), 200, 272, 1},
        {"pw_72_40", conv_layer(72, 40, 1, 1, none), 100, 136, 1},
        {"pw_40_120", conv_layer(40, 120, 1, 1, relu), 100, 136, 2},
        {"dw5_120", depthwise_layer(120, 5, 1, relu), 100, 136, 2},
        {"pw_120_40", conv_layer(120, 40, 1, 1, none), 100, 136, 2},
        {"pw_40_240", conv_layer(40, 240, 1, 1, swish), 100, 136, 1},
        {"dw3s2_240", depthwise_layer(240, 3, 2, swish), 100, 136, 1},
        {"pw_240_80", conv_layer(240, 80, 1, 1, none), 50, 68, 1},
        {"pw_80_200", conv_layer(80, 200, 1, 1, swish), 50, 68, 1},
        {"dw3_200", depthwise_layer(200, 3, 1, swish), 50, 68, 1},
        {"pw_200_80", conv_layer(200, 80, 1, 1, none), 50, 68, 1},
        {"pw_80_184", conv_layer(80, 184, 1, 1, swish), 50, 68, 2},
        {"dw3_184", depthwise_layer(184, 3, 1, swish), 50, 68, 2},
        {"pw_184_80", conv_layer(184, 80, 1, 1, none), 50, 68, 2},
        {"pw_80_480", conv_layer(80, 480, 1, 1, swish), 50, 68, 1},
        {"dw3_480", depthwise_layer(480, 3, 1, swish), 50, 68, 1},
        {"pw_480_112", conv_layer(480, 112, 1, 1, none), 50, 68, 1},
        {"pw_112_672", conv_layer(112, 672, 1, 1, swish), 50, 68, 2},
        {"dw3_672", depthwise_layer(672, 3, 1, swish), 50, 68, 1},
        {"pw_672_112", conv_layer(672, 112, 1, 1, none), 50, 68, 1},
        {"dw5s2_672", depthwise_layer(672, 5, 2, swish), 50, 68, 1},
        {"pw_672_160", conv_layer(672, 160, 1, 1, none), 25, 34, 1},
        {"pw_160_960", conv_layer(160, 960, 1, 1, swish), 25, 34, 3},
        {"dw5_960", depthwise_layer(960, 5, 1, swish), 25, 34, 2},
        {"pw_960_160", conv_layer(960, 160, 1, 1, none), 25, 34, 2},
        {"fpn_inner_160_256", conv_layer(160, 256, 1, 1, none), 25, 34, 1},
        {"fpn_inner_960_256", conv_layer(960, 256, 1, 1, none), 25, 34, 1},
        {"conv3_256_256", conv_layer(256, 256, 3, 1, relu), 25, 34, 4},
        {"conv3_256_256_pool", conv_layer(256, 256, 3, 1, relu), 13, 17, 1},
        {"rpn_logits", conv_layer(256, 15, 1, 1, none), 25, 34, 2},
        {"rpn_deltas", conv_layer(256, 60, 1, 1, none), 25, 34, 2},
    };
}

/// The inverted residuals of MobileNetV3-Large.
struct ModelBlock {
    const char* name;
    std::size_t inputs;
    std::size_t expanded;
    std::size_t outputs;
    std::size_t kernel;
    std::size_t stride;
    Activation activation;
    /// Squeeze-excite between the depthwise and the projecting convolution.
    bool gated;
    std::size_t height;
    std::size_t width;
};

inline std::vector<ModelBlock> model_blocks() {
    constexpr auto relu = Activation::relu;
    constexpr auto swish = Activation::hard_swish;
    return {
        {"block_1", 16, 16, 16, 3, 1, relu, false, 400, 544},   {"block_2", 16, 64, 24, 3, 2, relu, false, 400, 544},
        {"block_3", 24, 72, 24, 3, 1, relu, false, 200, 272},   {"block_4", 24, 72, 40, 5, 2, relu, true, 200, 272},
        {"block_5", 40, 120, 40, 5, 1, relu, true, 100, 136},   {"block_7", 40, 240, 80, 3, 2, swish, false, 100, 136},
        {"block_8", 80, 200, 80, 3, 1, swish, false, 50, 68},   {"block_9", 80, 184, 80, 3, 1, swish, false, 50, 68},
        {"block_11", 80, 480, 112, 3, 1, swish, true, 50, 68},  {"block_12", 112, 672, 112, 3, 1, swish, true, 50, 68},
        {"block_13", 112, 672, 160, 5, 2, swish, true, 50, 68}, {"block_14", 160, 960, 160, 5, 1, swish, true, 25, 34},
    };
}

/// The box head's matrix products.
struct ModelProduct {
    const char* name;
    std::size_t k;
    std::size_t n;
    Activation activation;
};

inline std::vector<ModelProduct> model_products() {
    return {{"fc6", 12544, 1024, Activation::relu},    {"fc7", 1024, 1024, Activation::relu},
            {"scores_7", 1024, 7, Activation::none},   {"deltas_28", 1024, 28, Activation::none},
            {"scores_91", 1024, 91, Activation::none}, {"deltas_364", 1024, 364, Activation::none}};
}

} // namespace detect::test
