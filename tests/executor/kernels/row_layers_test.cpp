// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/model_layers.h"
#include "tests/executor/kernels/seeded_convolution.h"

#include <utility>

/// The first layers of a network, a row at a time, against the same layers one after the other.
namespace detect::test {
namespace {

/// A convolution and blocks on top of it, each with whether its input is added to its output.
struct Network {
    std::shared_ptr<const Conv2d> stem;
    std::vector<std::pair<InvertedResidual::Steps, bool>> blocks;
};

class RowLayersTest : public IsaTest {
protected:
    static std::vector<float> whole(const Conv2d& conv, std::span<const float> x, MapSize& size,
                                    const float* residual = nullptr) {
        const Conv2dParameters& p = conv.parameters();
        const MapSize out{size.batch, p.output_height(size.height), p.output_width(size.width)};
        std::vector<float> y(out.batch * out.height * out.width * p.output_channels);
        const GuardedFloats scratch(conv.scratch_bytes(size, 1) / sizeof(float));
        ThreadPool pool(1);
        conv.run(x.data(), size, y.data(), {.residual = residual}, std::as_writable_bytes(scratch.span()), pool);
        size = out;
        return y;
    }

    static std::vector<float> layer_by_layer(const Network& network, std::span<const float> x, MapSize size) {
        std::vector<float> y = whole(*network.stem, x, size);
        for (const auto& [block, adds_input] : network.blocks) {
            const std::vector<float> input = y;
            if (block.expand) y = whole(*block.expand, y, size);
            y = whole(*block.depthwise, y, size);
            y = whole(*block.project, y, size, adds_input ? input.data() : nullptr);
        }
        return y;
    }

    /// Pictures of `source` and the network, row by row, against the picture's transform and the network as a whole.
    void compare(const Network& network, const ImageTransform::Sizes& s, std::span<const float> pictures,
                 std::size_t batch, int threads) {
        const auto transform = ImageTransform::prepare(kernels(), s, {});
        ASSERT_TRUE(transform.ok());
        const PlanarRows rows(pictures.data(), s.input_height, s.input_width);
        ThreadPool pool(threads);
        const auto run = [&](const RowLayers& layers) {
            const RowChain chain(layers);
            const GuardedFloats scratch(chain.scratch_bytes(static_cast<std::size_t>(pool.threads())) / sizeof(float),
                                        321.F);
            const GuardedFloats y(batch * layers.back()->rows() * layers.back()->row_bytes() / sizeof(float), 123.F);
            chain.run(batch, std::as_writable_bytes(y.span()).data(), std::as_writable_bytes(scratch.span()), pool);
            EXPECT_TRUE(y.intact() && scratch.intact());
            return std::vector<float>(y.data(), y.data() + y.size());
        };
        RowLayers layers = transform->layers(rows);
        const std::vector<float> transformed = run(layers);

        MapSize size{batch, s.padded_height, s.padded_width};
        ASSERT_TRUE(append_convolution(*network.stem, size.height, size.width, layers));
        size = {batch, network.stem->parameters().output_height(size.height),
                network.stem->parameters().output_width(size.width)};
        for (const auto& [block, adds_input] : network.blocks) {
            ASSERT_TRUE(append_inverted_residual(block, adds_input, size.height, size.width, layers));
            const Conv2dParameters& p = block.depthwise->parameters();
            size = {batch, p.output_height(size.height), p.output_width(size.width)};
        }
        const std::vector<float> expected =
            layer_by_layer(network, transformed, {batch, s.padded_height, s.padded_width});
        const std::vector<float> actual = run(layers);
        ASSERT_EQ(actual.size(), expected.size());
        EXPECT_SAME_BITS(actual.data(), expected.data(), expected.size());
    }

    std::shared_ptr<const Conv2d> conv(const Conv2dParameters& p, unsigned seed) { return prepare(kernels(), p, seed); }

    /// MobileNetV3-Large up to its second block.
    Network first_layers() {
        constexpr auto relu = Activation::relu;
        constexpr auto none = Activation::none;
        return {conv(conv_layer(3, 16, 3, 2, Activation::hard_swish), 1),
                {{{nullptr, conv(depthwise_layer(16, 3, 1, relu), 2), conv(conv_layer(16, 16, 1, 1, none), 3)}, true},
                 {{conv(conv_layer(16, 64, 1, 1, relu), 4), conv(depthwise_layer(64, 3, 2, relu), 5),
                   conv(conv_layer(64, 24, 1, 1, none), 6)},
                  false}}};
    }
};

constexpr ImageTransform::Sizes pictures_of_sizes[] = {
    {61, 45, 70, 80, 96, 96}, {300, 33, 150, 17, 160, 32}, {1, 1, 32, 32, 32, 32}, {90, 70, 91, 71, 91, 71}};

TEST_P(RowLayersTest, GiveTheBitsOfWholeLayers) {
    const Network network = first_layers();
    for (const auto& s : pictures_of_sizes) {
        const auto pictures = random_floats(2 * 3 * s.input_height * s.input_width, 7);
        for (const int threads : {1, 2, 4}) compare(network, s, pictures, 2, threads);
    }
}

TEST_P(RowLayersTest, WindowsOfAnySize) {
    constexpr auto swish = Activation::hard_swish;
    Conv2dParameters dilated = conv_layer(3, 19, 3, 1, swish);
    dilated.dilation_h = dilated.dilation_w = 2;
    Conv2dParameters lopsided = depthwise_layer(19, 5, 1, swish);
    lopsided.pad_top = 0;
    lopsided.pad_bottom = 4;
    const Network network{conv(dilated, 1),
                          {{{nullptr, conv(lopsided, 2), conv(conv_layer(19, 19, 1, 1, swish), 3)}, true}}};
    const ImageTransform::Sizes s{30, 41, 47, 53, 50, 60};
    compare(network, s, random_floats(3 * 30 * 41, 8), 1, 2);
}

TEST_P(RowLayersTest, SpecialValuesComeOutAsInWholeLayers) {
    const ImageTransform::Sizes s{40, 40, 40, 40, 64, 64};
    compare(first_layers(), s, special_floats(3 * 40 * 40, 9), 1, 2);
}

TEST_P(RowLayersTest, WhatDoesNotGoRowByRowIsRefused) {
    constexpr auto none = Activation::none;
    RowLayers layers;
    const auto depthwise = conv(depthwise_layer(8, 3, 1, none), 1);
    const auto project = conv(conv_layer(8, 8, 1, 1, none), 2);
    const auto stem = conv(conv_layer(3, 8, 5, 1, none), 3);
    EXPECT_FALSE(append_convolution(*project, 9, 9, layers));
    EXPECT_FALSE(append_inverted_residual({nullptr, depthwise, nullptr}, false, 9, 9, layers));
    EXPECT_FALSE(append_inverted_residual({nullptr, nullptr, project}, false, 9, 9, layers));
    EXPECT_FALSE(append_inverted_residual({project, depthwise, project}, true, 9, 9, layers));
    const auto halving = conv(depthwise_layer(8, 3, 2, none), 4);
    EXPECT_FALSE(append_inverted_residual({nullptr, halving, project}, true, 9, 9, layers));
    const auto widening = conv(conv_layer(8, 16, 1, 1, none), 5);
    EXPECT_FALSE(append_inverted_residual({nullptr, depthwise, widening}, true, 9, 9, layers));
    Conv2dParameters unpadded = conv_layer(3, 8, 5, 1, none);
    unpadded.pad_top = unpadded.pad_bottom = 0;
    EXPECT_FALSE(append_convolution(*conv(unpadded, 6), 4, 9, layers));
    EXPECT_TRUE(layers.empty());
    EXPECT_TRUE(append_convolution(*stem, 9, 9, layers));
    EXPECT_EQ(layers.size(), 1U);
}

INSTANTIATE_FOR_ISAS(RowLayersTest);

} // namespace
} // namespace detect::test
