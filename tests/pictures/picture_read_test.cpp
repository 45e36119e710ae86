// SPDX-License-Identifier: Apache-2.0
#include "generated_pictures.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

std::vector<float> to_tensor(const Picture& picture) {
    std::vector<float> planar(3 * static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height));
    const auto converted = image_to_tensor(picture.view(), planar);
    EXPECT_TRUE(converted.ok());
    return planar;
}

float worst_difference(const std::vector<float>& a, const std::vector<float>& b) {
    float worst = 0.0F;
    for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
    return worst;
}

TEST(ReadPicture, EveryKindLooksAsPilReadsIt) {
    DETECT_NEED_PICTURES();
    const auto paths = test::pictures_ending_in("");
    EXPECT_GE(paths.size(), 60U);
    for (const auto& path : paths) {
        SCOPED_TRACE(path.filename().string());
        testing::internal::CaptureStderr();
        const auto picture = read_picture(path);
        EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
        ASSERT_TRUE(picture.ok()) << picture.error().message;
        const test::Expected expected = test::read_expected(path);
        ASSERT_EQ(picture->width, expected.width);
        ASSERT_EQ(picture->height, expected.height);
        EXPECT_LE(worst_difference(to_tensor(*picture), expected.planar_rgb), expected.tolerance);
    }
}

TEST(ReadPicture, KeepsDepthAndNumberOfColours) {
    DETECT_NEED_PICTURES();
    const auto format_of = [](const std::string& name) {
        return read_picture(*test::generated_pictures() / name)->format;
    };
    EXPECT_EQ(format_of("grey8.png"), PixelFormat::grey8);
    EXPECT_EQ(format_of("one_bit.png"), PixelFormat::grey8);
    EXPECT_EQ(format_of("grey_alpha8.png"), PixelFormat::grey8);
    EXPECT_EQ(format_of("grey.jpg"), PixelFormat::grey8);
    EXPECT_EQ(format_of("grey16.png"), PixelFormat::grey16);
    EXPECT_EQ(format_of("grey16.tif"), PixelFormat::grey16);
    EXPECT_EQ(format_of("rgb16.png"), PixelFormat::rgb16);
    EXPECT_EQ(format_of("rgba8.png"), PixelFormat::rgb8);
    EXPECT_EQ(format_of("float_grey.tif"), PixelFormat::rgb_float);
}

TEST(ReadPicture, KindIsToldByContentNotByName) {
    DETECT_NEED_PICTURES();
    const auto misnamed = test::scratch_folder() / "really_a_png.jpg";
    std::filesystem::copy_file(*test::generated_pictures() / "rgb8.png", misnamed);
    EXPECT_TRUE(read_picture(misnamed).ok());
}

TEST(ReadPicture, FloatsOutsideTheUnitRangeAreKeptAndRefusedByTheConversion) {
    DETECT_NEED_PICTURES();
    const auto bright = read_picture(*test::generated_pictures() / "float_255.tif.odd");
    ASSERT_TRUE(bright.ok()) << bright.error().message;
    EXPECT_DOUBLE_EQ(measure(bright->view())->max, 255.0);
    std::vector<float> planar(3 * static_cast<std::size_t>(bright->width) * static_cast<std::size_t>(bright->height));
    const auto refused = image_to_tensor(bright->view(), planar);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, testing::HasSubstr("values reach 255: divide by 255"));

    const auto normalised = read_picture(*test::generated_pictures() / "float_normalised.tif.odd");
    ASSERT_TRUE(normalised.ok());
    EXPECT_THAT(image_to_tensor(normalised->view(), planar).error().message,
                testing::HasSubstr("the model normalises by itself"));
}

TEST(Measure, ByHand) {
    const std::vector<std::uint8_t> pixels{0, 51, 102, 255, 204, 153};
    const auto statistics = measure({pixels.data(), 2, 1, 6, PixelFormat::rgb8});
    ASSERT_TRUE(statistics.ok());
    EXPECT_DOUBLE_EQ(statistics->min, 0.0);
    EXPECT_DOUBLE_EQ(statistics->max, 1.0);
    // 0, 0.2, 0.4, 1, 0.8, 0.6: mean 0.5; squares 0.25, 0.09, 0.01, twice: sqrt(0.7 / 6).
    EXPECT_NEAR(statistics->mean, 0.5, 1e-12);
    EXPECT_NEAR(statistics->standard_deviation, std::sqrt(0.7 / 6.0), 1e-12);
    EXPECT_FALSE(statistics->is_flat());
}

TEST(Measure, AlphaIsNoContrast) {
    const std::vector<std::uint8_t> pixels{90, 90, 90, 0, 90, 90, 90, 255};
    EXPECT_TRUE(measure({pixels.data(), 2, 1, 8, PixelFormat::rgba8})->is_flat());
    const std::vector<std::uint16_t> wide{0, 300, 600};
    EXPECT_FALSE(measure({wide.data(), 3, 1, 6, PixelFormat::grey16})->is_flat());
}

TEST(ToRgb8, EveryFormat) {
    const auto first_pixel = [](const void* pixels, PixelFormat format) {
        const auto picture = to_rgb8({pixels, 1, 1, bytes_per_pixel(format), format});
        return std::vector<int>{std::to_integer<int>(picture->pixels[0]), std::to_integer<int>(picture->pixels[1]),
                                std::to_integer<int>(picture->pixels[2])};
    };
    using testing::ElementsAre;
    const std::vector<std::uint8_t> bytes{10, 20, 30, 40};
    EXPECT_THAT(first_pixel(bytes.data(), PixelFormat::grey8), ElementsAre(10, 10, 10));
    EXPECT_THAT(first_pixel(bytes.data(), PixelFormat::rgb8), ElementsAre(10, 20, 30));
    EXPECT_THAT(first_pixel(bytes.data(), PixelFormat::bgr8), ElementsAre(30, 20, 10));
    EXPECT_THAT(first_pixel(bytes.data(), PixelFormat::rgba8), ElementsAre(10, 20, 30));
    EXPECT_THAT(first_pixel(bytes.data(), PixelFormat::bgra8), ElementsAre(30, 20, 10));
    const std::vector<std::uint16_t> words{257, 65535, 128};
    EXPECT_THAT(first_pixel(words.data(), PixelFormat::grey16), ElementsAre(1, 1, 1));
    EXPECT_THAT(first_pixel(words.data(), PixelFormat::rgb16), ElementsAre(1, 255, 0));
    const std::vector<float> floats{-0.5F, 0.5F, 7.0F};
    EXPECT_THAT(first_pixel(floats.data(), PixelFormat::rgb_float), ElementsAre(0, 128, 255));
}

} // namespace
} // namespace detect
