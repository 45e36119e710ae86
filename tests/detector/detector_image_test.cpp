// SPDX-License-Identifier: Apache-2.0
// One picture, in every form a caller may have it.

#include "tests/detector/sample_network.h"
#include "tests/support/require.h"

#include <array>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

class DetectorImage : public testing::Test {
protected:
    std::vector<Detection> run(const ImageView& image) { return require(detector_.run(image)).detections; }

    Detector detector_ = sample_detector();
    const Pixels& board_ = sample_board();
};

TEST_F(DetectorImage, FindsObjectsBestFirstInsideThePicture) {
    const auto found = run(board_.view());
    ASSERT_GT(found.size(), 5U);
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& [box, label, score] = found[i];
        EXPECT_TRUE(0.0F <= box.x1 && box.x1 < box.x2 && box.x2 <= 640.0F) << i;
        EXPECT_TRUE(0.0F <= box.y1 && box.y1 < box.y2 && box.y2 <= 640.0F) << i;
        EXPECT_TRUE(1 <= label && label <= 6) << label;
        EXPECT_TRUE(0.05F < score && score <= 1.0F) << score;
        if (i > 0) {
            EXPECT_LE(score, found[i - 1].score);
        }
    }
}

/// The board with its samples in other places, each made of the rgb8 pixel by `convert`.
template <class Sample, class Convert>
std::vector<Sample> converted(const Pixels& board, const Convert& convert) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < board.bytes.size(); i += 3) {
        for (const Sample sample : convert(board.bytes[i], board.bytes[i + 1], board.bytes[i + 2]))
            samples.push_back(sample);
    }
    return samples;
}

TEST_F(DetectorImage, AllFormatsOfAColourPictureGiveTheSame) {
    using Byte = std::uint8_t;
    const auto expected = run(board_.view());
    const auto expect_same = [&](const auto& samples, PixelFormat format) {
        EXPECT_EQ(run({samples.data(), 640, 640, 640 * bytes_per_pixel(format), format}), expected)
            << static_cast<int>(format);
    };
    expect_same(converted<Byte>(board_, [](Byte r, Byte g, Byte b) { return std::array{b, g, r}; }), PixelFormat::bgr8);
    expect_same(converted<Byte>(board_,
                                [](Byte r, Byte g, Byte b) {
                                    return std::array{r, g, b, Byte{7}};
                                }),
                PixelFormat::rgba8);
    expect_same(converted<Byte>(board_,
                                [](Byte r, Byte g, Byte b) {
                                    return std::array{b, g, r, Byte{0}};
                                }),
                PixelFormat::bgra8);
    // 257 · v of 65535 is v of 255.
    const auto wide = [](Byte value) { return static_cast<std::uint16_t>(257 * value); };
    expect_same(converted<std::uint16_t>(board_,
                                         [&](Byte r, Byte g, Byte b) {
                                             return std::array{wide(r), wide(g), wide(b)};
                                         }),
                PixelFormat::rgb16);
    const auto unit = [](Byte value) { return static_cast<float>(value) / 255.0F; };
    expect_same(converted<float>(board_,
                                 [&](Byte r, Byte g, Byte b) {
                                     return std::array{unit(r), unit(g), unit(b)};
                                 }),
                PixelFormat::rgb_float);
}

TEST_F(DetectorImage, GreyIsTheSameOnAllChannels) {
    using Byte = std::uint8_t;
    const auto triple = converted<Byte>(board_, [](Byte r, Byte, Byte) { return std::array{r, r, r}; });
    const auto expected = run({triple.data(), 640, 640, 3 * 640, PixelFormat::rgb8});
    ASSERT_GT(expected.size(), 5U);
    EXPECT_NE(expected, run(board_.view()));
    const auto grey = converted<Byte>(board_, [](Byte r, Byte, Byte) { return std::array{r}; });
    EXPECT_EQ(run({grey.data(), 640, 640, 640, PixelFormat::grey8}), expected);
    const auto wide = converted<std::uint16_t>(
        board_, [](Byte r, Byte, Byte) { return std::array{static_cast<std::uint16_t>(257 * r)}; });
    EXPECT_EQ(run({wide.data(), 640, 640, 2 * 640, PixelFormat::grey16}), expected);
}

TEST_F(DetectorImage, RowsMayBePaddedAndViewsMayBePartsOfAPicture) {
    const Pixels part = crop(board_, 100, 50, 400, 300);
    const auto expected = run(part.view());
    ASSERT_GT(expected.size(), 2U);
    const ImageView within{board_.bytes.data() + 3 * (50 * 640 + 100), 400, 300, 3 * 640, PixelFormat::rgb8};
    EXPECT_EQ(run(within), expected);

    constexpr std::size_t stride = 3 * 400 + 17;
    std::vector<std::uint8_t> padded(stride * 300, 99);
    for (std::size_t y = 0; y < 300; ++y) std::memcpy(padded.data() + y * stride, part.bytes.data() + y * 1200, 1200);
    EXPECT_EQ(run({padded.data(), 400, 300, stride, PixelFormat::rgb8}), expected);
}

TEST_F(DetectorImage, ExtremeShapesAreFine) {
    const std::vector<std::uint8_t> pixels(3 * 2000, 128);
    for (const auto& [width, height] : {std::pair{1, 1}, std::pair{2000, 1}, std::pair{1, 2000}, std::pair{3, 2}}) {
        for (const Detection& found :
             run({pixels.data(), width, height, 3 * static_cast<std::size_t>(width), PixelFormat::rgb8})) {
            EXPECT_LE(found.box.x2, static_cast<float>(width));
            EXPECT_LE(found.box.y2, static_cast<float>(height));
        }
    }
}

TEST_F(DetectorImage, FloatsOutsideTheRangeAreRefusedWithTheRange) {
    std::vector<float> pixels(3 * 20 * 10, 0.5F);
    const ImageView view{pixels.data(), 20, 10, 12 * 20, PixelFormat::rgb_float};
    ASSERT_TRUE(detector_.run(view).ok());
    pixels[7] = 200.0F;
    const auto bright = detector_.run(view);
    ASSERT_FALSE(bright.ok());
    EXPECT_EQ(bright.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(bright.error().message, HasSubstr("from 0.5 to 200"));
    EXPECT_THAT(bright.error().message, HasSubstr("divide by 255"));
    pixels[7] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(detector_.run(view).error().message, HasSubstr("NaN"));
}

TEST_F(DetectorImage, ViewsThatMakeNoSenseAreRefused) {
    const std::uint8_t* const pixels = board_.bytes.data();
    for (const ImageView& view :
         {ImageView{nullptr, 640, 640, 1920, PixelFormat::rgb8}, ImageView{pixels, 0, 640, 1920, PixelFormat::rgb8},
          ImageView{pixels, 640, -1, 1920, PixelFormat::rgb8}, ImageView{pixels, 640, 640, 1919, PixelFormat::rgb8},
          ImageView{pixels, 640, 640, 640, PixelFormat::bgra8}, ImageView{}}) {
        const auto result = detector_.run(view);
        ASSERT_FALSE(result.ok());
        EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
        EXPECT_THAT(result.error().message, HasSubstr("image view"));
    }
}

} // namespace
} // namespace detect::test
