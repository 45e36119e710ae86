// SPDX-License-Identifier: Apache-2.0
#include "backbone/image_transform.h"
#include "executor/reference/interpreter.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;

struct Transformed {
    Tensor images;
    std::vector<float> limits;
    std::vector<float> scale;
};

Transformed transform(std::int64_t height, std::int64_t width, const ImageTransformSettings& settings,
                      float value = 0.5F) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const TransformedImages result = add_image_transform(b, input, settings);
    for (const ValueId id : {result.images, result.resized_limits, result.to_input_scale})
        b.graph().outputs.push_back(id);
    auto graph = b.finish();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    Tensor picture = Tensor::create(DataType::float32, {1, 3, height, width}).value();
    for (float& pixel : picture.mutable_data<float>()) pixel = value;
    auto outputs = interpret(*graph, std::span(&picture, 1));
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    const auto list = [](const Tensor& t) {
        return std::vector<float>(t.data<float>().begin(), t.data<float>().end());
    };
    return {.images = (*outputs)[0], .limits = list((*outputs)[1]), .scale = list((*outputs)[2])};
}

TEST(ImageTransform, FloorsTheExactProductOfTheFloat32Scale) {
    // torch divides a number by a tensor as number · (1 / tensor), in float32. 1 / 1080 rounds down, so 800 / 1080
    // times 1080 is 799.99998: 799. So it goes for 540, 1066 and 2160; the others round up.
    for (const std::int64_t side : {540, 1066, 1080, 2160}) {
        EXPECT_EQ(transform(side, side, {}).limits[0], 799.0F) << side;
    }
    for (const std::int64_t side : {480, 600, 768, 960}) {
        EXPECT_EQ(transform(side, side, {}).limits[0], 800.0F) << side;
    }
}

TEST(ImageTransform, SizesAreTheExactProductRoundedDown) {
    std::mt19937 random(3);
    std::uniform_int_distribution<std::int64_t> any(1, 4000);
    for (int i = 0; i < 2000; ++i) {
        const std::int64_t longer = any(random);
        const std::int64_t shorter = std::min<std::int64_t>(longer, 1 + i % 7);
        const ImageTransformSettings settings{.min_size = 1 + any(random) % 60, .max_size = 1 + any(random) % 90};
        const float by_shorter = static_cast<float>(settings.min_size) * (1.0F / static_cast<float>(shorter));
        const float by_longer = static_cast<float>(settings.max_size) * (1.0F / static_cast<float>(longer));
        const auto scale = static_cast<double>(std::min(by_shorter, by_longer));
        const auto expected = [&](std::int64_t side) {
            return static_cast<float>(std::max(std::floor(static_cast<double>(side) * scale), 1.0));
        };
        ASSERT_THAT(transform(longer, shorter, settings).limits,
                    ElementsAre(expected(shorter), expected(longer), expected(shorter), expected(longer)))
            << longer << "×" << shorter << " to " << settings.min_size << ", at most " << settings.max_size;
    }
}

TEST(ImageTransform, NoNumberNeedsMoreThan32Bits) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    b.graph().outputs.push_back(add_image_transform(b, input, {}).images);
    const Graph graph = b.finish().value();
    for (const Value& value : graph.values) {
        if (!value.constant.defined() || value.constant.type() != DataType::int64) continue;
        for (const std::int64_t number : value.constant.data<std::int64_t>()) {
            EXPECT_EQ(number, static_cast<std::int32_t>(number)) << value.name;
        }
    }
}

TEST(ImageTransform, LongerSideIsCapped) {
    // 100×1000: 1333 · (1 / 1000) is below 800 · (1 / 100). Height 133.3 → 133.
    const Transformed result = transform(100, 1000, {});
    EXPECT_THAT(result.limits, ElementsAre(1333.0F, 133.0F, 1333.0F, 133.0F));
    EXPECT_EQ(result.images.dims(), (Dims{1, 3, 160, 1344}));
    EXPECT_THAT(result.scale, ElementsAre(1000.0F / 1333.0F, 100.0F / 133.0F, 1000.0F / 1333.0F, 100.0F / 133.0F));
}

TEST(ImageTransform, PadsWithZerosAfterNormalisation) {
    const Transformed result = transform(10, 20, {.min_size = 40, .max_size = 80});
    ASSERT_EQ(result.images.dims(), (Dims{1, 3, 64, 96}));
    const auto red = result.images.data<float>();
    EXPECT_FLOAT_EQ(red[0], (0.5F - 0.485F) / 0.229F);
    EXPECT_FLOAT_EQ(red[39 * 96 + 79], (0.5F - 0.485F) / 0.229F); // last pixel of the picture
    EXPECT_EQ(red[39 * 96 + 80], 0.0F);                           // first to its right
    EXPECT_EQ(red[40 * 96], 0.0F);                                // first below
}

TEST(ImageTransform, NormalisesByTheMeanAndDeviationOfEachChannel) {
    const ImageTransformSettings settings{
        .min_size = 32, .max_size = 32, .mean = {0.5F, 0.25F, 0.0F}, .deviation = {1.0F, 0.125F, 2.0F}};
    const Transformed result = transform(32, 32, settings); // grey, 0.5
    ASSERT_EQ(result.images.dims(), (Dims{1, 3, 32, 32}));
    const auto values = result.images.data<float>();
    EXPECT_FLOAT_EQ(values[0], 0.0F);
    EXPECT_FLOAT_EQ(values[32 * 32], 2.0F);
    EXPECT_FLOAT_EQ(values[2 * 32 * 32], 0.25F);
}

TEST(ImageTransform, NoSideBecomesZero) {
    // torchvision fails here: 1 · (1333 / 4000) floors to 0.
    EXPECT_THAT(transform(1, 4000, {}).limits, ElementsAre(1333.0F, 1.0F, 1333.0F, 1.0F));
    EXPECT_EQ(transform(1, 1, {}).images.dims(), (Dims{1, 3, 800, 800}));
}

} // namespace
} // namespace detect
