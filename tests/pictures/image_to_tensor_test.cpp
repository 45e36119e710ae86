// SPDX-License-Identifier: Apache-2.0
#include "pictures/image_to_tensor.h"

#include "pictures/picture_statistics.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

std::vector<float> converted(const ImageView& view) {
    std::vector<float> planar(3 * static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height), -1.0F);
    const auto result = image_to_tensor(view, planar);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return planar;
}

TEST(ImageToTensor, ChannelOrderOfEveryFormat) {
    const std::array<std::uint8_t, 4> bytes{0, 51, 255, 102};
    const auto one = [&](const void* pixels, PixelFormat format) {
        return converted({pixels, 1, 1, bytes_per_pixel(format), format});
    };
    EXPECT_THAT(one(bytes.data() + 1, PixelFormat::grey8), ElementsAre(0.2F, 0.2F, 0.2F));
    EXPECT_THAT(one(bytes.data(), PixelFormat::rgb8), ElementsAre(0.0F, 0.2F, 1.0F));
    EXPECT_THAT(one(bytes.data(), PixelFormat::bgr8), ElementsAre(1.0F, 0.2F, 0.0F));
    EXPECT_THAT(one(bytes.data(), PixelFormat::rgba8), ElementsAre(0.0F, 0.2F, 1.0F));
    EXPECT_THAT(one(bytes.data(), PixelFormat::bgra8), ElementsAre(1.0F, 0.2F, 0.0F));
    const std::array<std::uint16_t, 3> words{65535, 13107, 1};
    EXPECT_THAT(one(words.data(), PixelFormat::grey16), ElementsAre(1.0F, 1.0F, 1.0F));
    EXPECT_THAT(one(words.data(), PixelFormat::rgb16), ElementsAre(1.0F, 0.2F, 1.0F / 65535.0F));
    const std::array<float, 3> floats{0.25F, 0.5F, 1.0F};
    EXPECT_THAT(one(floats.data(), PixelFormat::rgb_float), ElementsAre(0.25F, 0.5F, 1.0F));
}

TEST(ImageToTensor, EveryByteAsTorchvisionScalesIt) {
    std::array<std::uint8_t, 256> bytes{};
    for (std::size_t i = 0; i < 256; ++i) bytes[i] = static_cast<std::uint8_t>(i);
    const auto planar = converted({bytes.data(), 256, 1, 256, PixelFormat::grey8});
    // to_tensor divides in float32: x * (1 / 255) would differ in the last bit for some.
    for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(planar[i], static_cast<float>(i) / 255.0F) << i;
}

TEST(ImageToTensor, PlanesAndPaddedRows) {
    // 2 x 2 pixels, rows of 8 bytes, the last row without its padding.
    const std::vector<std::uint8_t> pixels{255, 0, 0, 0, 255, 0, 9, 9, 0, 0, 255, 51, 51, 51};
    EXPECT_THAT(converted({pixels.data(), 2, 2, 8, PixelFormat::rgb8}),
                ElementsAre(1.0F, 0.0F, 0.0F, 0.2F, 0.0F, 1.0F, 0.0F, 0.2F, 0.0F, 0.0F, 1.0F, 0.2F));
}

TEST(ImageToTensor, RefusesUnsoundViews) {
    const std::vector<std::uint8_t> pixels(64);
    std::vector<float> planar(12);
    const auto refusal = [&](const ImageView& view) {
        const auto result = image_to_tensor(view, planar);
        EXPECT_FALSE(result.ok());
        return result.ok() ? std::string() : result.error().message;
    };
    EXPECT_THAT(refusal({nullptr, 2, 2, 6, PixelFormat::rgb8}), HasSubstr("null"));
    EXPECT_THAT(refusal({pixels.data(), 0, 2, 6, PixelFormat::rgb8}), HasSubstr("width 0"));
    EXPECT_THAT(refusal({pixels.data(), 2, -1, 6, PixelFormat::rgb8}), HasSubstr("height -1"));
    EXPECT_THAT(refusal({pixels.data(), 2, 2, 2, PixelFormat::rgb8}), HasSubstr("takes 6 bytes"));
    EXPECT_THAT(refusal({pixels.data(), 2, 2, std::numeric_limits<std::size_t>::max() / 2, PixelFormat::rgb8}),
                HasSubstr("does not fit"));
    EXPECT_THAT(refusal({pixels.data(), 2, 2, std::size_t{0} - 4, PixelFormat::rgb8}), HasSubstr("stride_bytes is -4"));
    for (const int bits : {-1, 7, 17})
        EXPECT_THAT(refusal({pixels.data(), 2, 2, 4, PixelFormat::grey16, bits}), HasSubstr("8 to 16"));
    EXPECT_THAT(refusal({pixels.data(), 2, 2, 6, PixelFormat::rgb8, 12}), HasSubstr("8 to 16"));
    EXPECT_THAT(refusal({pixels.data(), 3, 2, 9, PixelFormat::rgb8}), HasSubstr("needed are 3 x 2 x 3"));
    EXPECT_THAT(refusal({pixels.data() + 1, 2, 2, 4, PixelFormat::grey16}), HasSubstr("multiples of 2"));
    EXPECT_THAT(refusal({pixels.data(), 2, 2, 5, PixelFormat::grey16}), HasSubstr("multiples of 2"));
    EXPECT_THAT(refusal({pixels.data(), 2, 2, 6, static_cast<PixelFormat>(99)}), HasSubstr("PixelFormat"));
}

TEST(ImageToTensor, RowsMayGoUpwardsInMemory) {
    const std::vector<std::uint8_t> rows{30, 40, 10, 20}; // the bottom row comes first
    std::vector<float> planar(12);
    ASSERT_TRUE(image_to_tensor({rows.data() + 2, 2, 2, std::size_t{0} - 2, PixelFormat::grey8}, planar).ok());
    EXPECT_THAT(std::vector(planar.begin(), planar.begin() + 4),
                testing::ElementsAre(10 / 255.0F, 20 / 255.0F, 30 / 255.0F, 40 / 255.0F));
}

TEST(ImageToTensor, BitsSayWhatIsWhite) {
    const std::vector<std::uint16_t> pixels{0, 1, 2048, 4095};
    std::vector<float> planar(12);
    const ImageView view{pixels.data(), 2, 2, 4, PixelFormat::grey16, 12};
    ASSERT_TRUE(image_to_tensor(view, planar).ok());
    EXPECT_EQ(planar[3], 1.0F);
    EXPECT_EQ(planar[2], 2048 / 4095.0F);
    EXPECT_NEAR(measure(view)->mean, (1 + 2048 + 4095) / (4 * 4095.0), 1e-12);
}

TEST(CheckSamples, FewerBitsThanThereAreMustBeSaid) {
    const auto message = [](std::uint16_t largest, int bits) {
        const std::vector<std::uint16_t> pixels{0, largest, 0, 0};
        const auto result = check_samples({pixels.data(), 2, 2, 4, PixelFormat::grey16, bits});
        return result ? std::string() : result.error().message;
    };
    EXPECT_THAT(message(4080, 0), HasSubstr("largest value is 4080 of 65535: this looks like 12 bits"));
    EXPECT_THAT(message(1023, 0), HasSubstr("set bits to 10 (or 16"));
    EXPECT_THAT(message(16383, 0), HasSubstr("14 bits"));
    EXPECT_THAT(message(255, 0), HasSubstr("8 bits"));
    EXPECT_THAT(message(4096, 12), HasSubstr("which 12 bits do not hold"));
    for (const auto& [largest, bits] :
         {std::pair<std::uint16_t, int>{0, 0}, {16384, 0}, {65535, 0}, {12, 16}, {4095, 12}})
        EXPECT_EQ(message(largest, bits), "") << largest << ", " << bits;
}

TEST(CheckUnitRange, AcceptsRoundingAndNothingMore) {
    EXPECT_TRUE(check_unit_range({}).ok());
    EXPECT_TRUE(check_unit_range(std::vector<float>{0.0F, 1.0F, -0.00005F, 1.00005F}).ok());
    EXPECT_FALSE(check_unit_range(std::vector<float>{0.0F, 1.001F}).ok());
    EXPECT_FALSE(check_unit_range(std::vector<float>{-0.001F, 1.0F}).ok());
}

TEST(CheckUnitRange, SaysWhatToDo) {
    const auto message = [](std::vector<float> values) {
        values.resize(100, 0.5F);
        const auto result = check_unit_range(values);
        EXPECT_FALSE(result.ok());
        return result.ok() ? std::string() : result.error().message;
    };
    EXPECT_THAT(message({0.0F, 255.0F}), HasSubstr("range from 0 to 255"));
    EXPECT_THAT(message({0.0F, 255.0F}), HasSubstr("values reach 255: divide by 255"));
    EXPECT_THAT(message({0.0F, 65535.0F}), HasSubstr("values reach 65535: divide by 65535"));
    EXPECT_THAT(message({0.0F, 1e9F}), HasSubstr("scale them down"));
    EXPECT_THAT(message({-2.1179F, 2.64F}), HasSubstr("range from -2.1179 to 2.64"));
    EXPECT_THAT(message({-2.1179F, 2.64F}), HasSubstr("the model normalises by itself"));
    EXPECT_THAT(message({0.0F, nan_value}), HasSubstr("NaN (first at index 1)"));
    EXPECT_THAT(message({-std::numeric_limits<float>::infinity()}), HasSubstr("infinity (first at index 0)"));
}

TEST(CheckUnitRange, LooksAtEveryPlaceOfEveryLength) {
    for (std::size_t length = 1; length < 40; ++length) {
        for (std::size_t place = 0; place < length; ++place) {
            for (const float wrong : {2.0F, -1.0F, nan_value}) {
                std::vector<float> values(length, 0.5F);
                values[place] = wrong;
                EXPECT_FALSE(check_unit_range(values).ok()) << place << " of " << length;
            }
        }
    }
}

} // namespace
} // namespace detect
