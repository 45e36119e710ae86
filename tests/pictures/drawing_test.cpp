// SPDX-License-Identifier: Apache-2.0
#include "pictures/drawing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::HasSubstr;

const std::vector<std::string> names{"open", "short", "mousebite", "spur", "copper", "pin-hole"};

Picture plain(int width, int height, std::uint8_t value = 255) {
    Picture picture{width, height, PixelFormat::rgb8, {}};
    picture.pixels.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, std::byte{value});
    return picture;
}

Colour pixel(const Picture& picture, int x, int y) {
    const std::size_t at =
        3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(x));
    const auto value = [&](std::size_t i) { return std::to_integer<std::uint8_t>(picture.pixels[at + i]); };
    return {value(0), value(1), value(2)};
}

/// Dark pixels of letters: all but white ground, coloured plates and the dark rims of frames.
std::size_t count_letter_pixels(const Picture& picture) {
    std::size_t count = 0;
    for (int y = 0; y < picture.height; ++y) {
        for (int x = 0; x < picture.width; ++x) {
            const Colour colour = pixel(picture, x, y);
            const bool rim = colour == Colour{24, 24, 24};
            count += !rim && colour[0] + colour[1] + colour[2] < 150 ? 1U : 0U;
        }
    }
    return count;
}

TEST(DrawDetections, NothingFoundNothingDrawn) {
    Picture picture = plain(64, 48, 77);
    const Picture before = picture;
    ASSERT_TRUE(draw_detections(picture, {}, names).ok());
    EXPECT_EQ(picture.pixels, before.pixels);
}

TEST(DrawDetections, TheFrameIsAroundTheBoxAndLeavesItsInsideAlone) {
    Picture picture = plain(640, 640);
    const std::vector<Detection> detections{{{200.0F, 300.0F, 260.0F, 350.0F}, 1, 0.9F}};
    ASSERT_TRUE(draw_detections(picture, detections, names).ok());
    const int line = drawing_style(640, 640).line_width;
    for (int step = 0; step < line; ++step) {
        EXPECT_EQ(pixel(picture, 199 - step, 325), class_colour(1)) << step;
        EXPECT_EQ(pixel(picture, 260 + step, 325), class_colour(1)) << step;
        EXPECT_EQ(pixel(picture, 230, 350 + step), class_colour(1)) << step;
    }
    const Colour white{255, 255, 255};
    for (int y = 302; y < 348; ++y) {
        for (int x = 202; x < 258; ++x) EXPECT_EQ(pixel(picture, x, y), white);
    }
    EXPECT_EQ(pixel(picture, 100, 500), white);
}

TEST(DrawDetections, PlatesStayInsideAtEveryEdgeAndCorner) {
    for (const float x : {-50.0F, 0.0F, 320.0F, 620.0F, 900.0F}) {
        for (const float y : {-50.0F, 0.0F, 240.0F, 460.0F, 900.0F}) {
            Picture picture = plain(640, 480);
            const std::vector<Detection> detections{{{x, y, x + 20.0F, y + 20.0F}, 3, 0.987F}};
            ASSERT_TRUE(draw_detections(picture, detections, names).ok());
            // The whole plate is there: as many letter pixels as where there is room.
            Picture roomy = plain(640, 480);
            const std::vector<Detection> middle{{{300.0F, 200.0F, 320.0F, 220.0F}, 3, 0.987F}};
            ASSERT_TRUE(draw_detections(roomy, middle, names).ok());
            EXPECT_EQ(count_letter_pixels(picture), count_letter_pixels(roomy)) << x << ", " << y;
            EXPECT_GT(count_letter_pixels(roomy), 150U);
        }
    }
}

TEST(DrawDetections, NothingIsWrittenOutsideTheRows) {
    // A window of 100 x 80 in a larger buffer: what surrounds it must not change.
    constexpr std::size_t stride = 3 * 140;
    std::vector<std::uint8_t> buffer(stride * 120, 200);
    const Canvas window{buffer.data() + 20 * stride + 60, 100, 80, stride, PixelFormat::rgb8};
    const std::vector<Detection> detections{{{-10.0F, -10.0F, 200.0F, 200.0F}, 1, 0.9F},
                                            {{95.0F, 75.0F, 99.0F, 79.0F}, 2, 0.8F},
                                            {{0.0F, 0.0F, 5.0F, 5.0F}, 3, 0.7F}};
    ASSERT_TRUE(draw_detections(window, detections, names).ok());
    std::size_t changed_inside = 0;
    for (std::size_t i = 0; i < buffer.size(); ++i) {
        const std::size_t row = i / stride;
        const std::size_t byte = i % stride;
        const bool inside = row >= 20 && row < 100 && byte >= 60 && byte < 360;
        if (inside) {
            changed_inside += buffer[i] != 200 ? 1U : 0U;
        } else {
            ASSERT_EQ(buffer[i], 200) << "row " << row << ", byte " << byte;
        }
    }
    EXPECT_GT(changed_inside, 1000U);
}

TEST(DrawDetections, TinyPicturesAndAbsurdBoxes) {
    const float infinity = std::numeric_limits<float>::infinity();
    const float not_a_number = std::numeric_limits<float>::quiet_NaN();
    const std::vector<Detection> detections{{{0.0F, 0.0F, 1.0F, 1.0F}, 1, 0.9F},
                                            {{-infinity, -1e30F, infinity, 1e30F}, 2, 0.9F},
                                            {{not_a_number, 0.0F, 1.0F, not_a_number}, 3, not_a_number},
                                            {{9.0F, 9.0F, 2.0F, 2.0F}, 100000, 0.9F}};
    for (const auto& [width, height] :
         {std::pair(1, 1), std::pair(1, 300), std::pair(300, 1), std::pair(13, 13), std::pair(40, 300)}) {
        Picture picture = plain(width, height);
        EXPECT_TRUE(draw_detections(picture, detections, names).ok());
    }
}

TEST(DrawDetections, NeighboursDoNotHideEachOthersLabels) {
    // Two boxes side by side, nearer than a plate is wide.
    std::vector<Detection> detections{{{300.0F, 300.0F, 330.0F, 330.0F}, 3, 0.9F},
                                      {{336.0F, 300.0F, 366.0F, 330.0F}, 3, 0.8F}};
    Picture both = plain(640, 640);
    ASSERT_TRUE(draw_detections(both, detections, names).ok());
    std::size_t alone = 0;
    for (const Detection& detection : detections) {
        Picture one = plain(640, 640);
        ASSERT_TRUE(draw_detections(one, std::vector{detection}, names).ok());
        alone += count_letter_pixels(one);
    }
    EXPECT_EQ(count_letter_pixels(both), alone);
}

TEST(DrawDetections, BlueFirstIsTheSamePicture) {
    const std::vector<Detection> detections{{{30.0F, 40.0F, 90.0F, 80.0F}, 5, 0.6F}};
    Picture rgb = plain(200, 150);
    Picture bgr = rgb;
    bgr.format = PixelFormat::bgr8;
    ASSERT_TRUE(draw_detections(rgb, detections, names).ok());
    ASSERT_TRUE(draw_detections(bgr, detections, names).ok());
    EXPECT_EQ(to_rgb8(bgr.view())->pixels, rgb.pixels);
    EXPECT_NE(bgr.pixels, rgb.pixels);
}

TEST(DrawDetections, RefusesWhatItCannotDrawOn) {
    Picture grey{4, 4, PixelFormat::grey8, std::vector<std::byte>(16)};
    const auto result = draw_detections(grey, {}, names);
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, HasSubstr("to_rgb8"));
    EXPECT_FALSE(draw_detections(Canvas{nullptr, 4, 4, 12, PixelFormat::rgb8}, {}, names).ok());
}

TEST(DrawingStyle, GrowsWithThePicture) {
    EXPECT_EQ(drawing_style(200, 200).line_width, 1);
    EXPECT_EQ(drawing_style(640, 640).line_width, 2);
    EXPECT_EQ(drawing_style(6000, 4000).line_width, 19);
    EXPECT_EQ(drawing_style(6000, 4000).letter_height, 100);
    EXPECT_EQ(drawing_style(4000, 6000).letter_height, 100);
    EXPECT_GE(drawing_style(1, 1).letter_height, 7);
}

TEST(ClassColour, NinetyOneClassesDiffer) {
    std::set<Colour> colours;
    for (int label = 1; label <= 91; ++label) colours.insert(class_colour(label));
    EXPECT_EQ(colours.size(), 91U);
    EXPECT_EQ(class_colour(12), class_colour(12));
}

/// sRGB seen without the red-sensitive or the green-sensitive cones (Vienot, Brettel and Mollon 1999).
std::array<double, 3> as_seen(const Colour& colour, const std::array<std::array<double, 3>, 3>& matrix) {
    std::array<double, 3> seen{};
    for (std::size_t row = 0; row < 3; ++row) {
        double linear = 0.0;
        for (std::size_t column = 0; column < 3; ++column)
            linear += matrix[row][column] * std::pow(colour[column] / 255.0, 2.2);
        seen[row] = 255.0 * std::pow(std::clamp(linear, 0.0, 1.0), 1.0 / 2.2);
    }
    return seen;
}

TEST(ClassColour, TheFirstSevenDifferWithoutRedOrGreenCones) {
    const std::array<std::array<double, 3>, 3> no_red{
        {{0.11238, 0.88762, 0.0}, {0.11238, 0.88762, 0.0}, {0.00401, -0.00401, 1.0}}};
    const std::array<std::array<double, 3>, 3> no_green{
        {{0.29275, 0.70725, 0.0}, {0.29275, 0.70725, 0.0}, {-0.02234, 0.02234, 1.0}}};
    for (const auto& matrix : {no_red, no_green}) {
        for (int a = 1; a <= 7; ++a) {
            for (int b = a + 1; b <= 7; ++b) {
                const auto first = as_seen(class_colour(a), matrix);
                const auto second = as_seen(class_colour(b), matrix);
                const double distance = std::hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
                EXPECT_GT(distance, 25.0) << a << " and " << b;
            }
        }
    }
}

TEST(DrawableLabel, PlainLettersOrTheNumber) {
    const std::vector<std::string> labels{"open", "Lötfehler",   "Größe",   "Škoda łódź",
                                          "焊点", "bad\xFFutf8", "cut\xE7", "tab\there"};
    EXPECT_EQ(drawable_label(1, labels), "open");
    EXPECT_EQ(drawable_label(2, labels), "Lotfehler");
    EXPECT_EQ(drawable_label(3, labels), "Grose");
    EXPECT_EQ(drawable_label(4, labels), "Skoda lodz");
    EXPECT_EQ(drawable_label(5, labels), "class 5");
    EXPECT_EQ(drawable_label(6, labels), "class 6");
    EXPECT_EQ(drawable_label(7, labels), "class 7");
    EXPECT_EQ(drawable_label(8, labels), "class 8");
    EXPECT_EQ(drawable_label(9, labels), "class 9");
}

} // namespace
} // namespace detect
