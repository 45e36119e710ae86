// SPDX-License-Identifier: Apache-2.0
#include "pictures/drawing.h"

#include "pictures/class_colours.h"

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

class DrawDetections : public testing::Test {
protected:
    void SetUp() override {
        if (!renderer_.has_fonts()) GTEST_SKIP() << "no font is installed: install fonts-dejavu-core";
    }

    DrawnPicture draw(Picture picture, std::span<const Detection> detections, const DrawingOptions& options = {},
                      std::span<const std::string> classes = names) const {
        auto drawn = draw_detections(std::move(picture), detections, classes, &renderer_, options);
        EXPECT_TRUE(drawn.ok());
        return *std::move(drawn);
    }

    TextRenderer renderer_;
};

TEST_F(DrawDetections, NothingFoundNothingDrawn) {
    const Picture before = plain(64, 48, 77);
    const DrawnPicture drawn = draw(before, {}, {.labels_on = LabelsOn::legend});
    EXPECT_EQ(drawn.picture.pixels, before.pixels);
    EXPECT_EQ(drawn.labels_on, LabelsOn::none);
}

TEST_F(DrawDetections, TheFrameIsAroundTheBoxAndLeavesItsInsideAlone) {
    const std::vector<Detection> detections{{{200.0F, 300.0F, 260.0F, 350.0F}, 1, 0.9F}};
    const auto [picture, place, labels_on, lists_classes] = draw(plain(640, 640), detections);
    const int line = DrawingStyle(640, 640, {}).line_width({200, 300, 60, 50});
    const Colour rim{24, 24, 24};
    EXPECT_EQ(pixel(picture, 199, 325), rim);
    EXPECT_EQ(pixel(picture, 198 - line, 325), rim);
    for (int step = 0; step < line; ++step) {
        EXPECT_EQ(pixel(picture, 198 - step, 325), class_colour(1)) << step;
        EXPECT_EQ(pixel(picture, 261 + step, 325), class_colour(1)) << step;
        EXPECT_EQ(pixel(picture, 230, 351 + step), class_colour(1)) << step;
    }
    const Colour white{255, 255, 255};
    for (int y = 300; y < 350; ++y) {
        for (int x = 200; x < 260; ++x) ASSERT_EQ(pixel(picture, x, y), white);
    }
    EXPECT_EQ(pixel(picture, 100, 500), white);
    EXPECT_EQ(place, (PixelRect{0, 0, 640, 640}));
    EXPECT_EQ(labels_on, LabelsOn::box);
}

TEST_F(DrawDetections, PlatesStayInsideAtEveryEdgeAndCorner) {
    const std::vector<Detection> middle{{{300.0F, 200.0F, 320.0F, 220.0F}, 3, 0.987F}};
    const std::size_t whole = count_letter_pixels(draw(plain(640, 480), middle).picture);
    EXPECT_GT(whole, 100U);
    for (const float x : {-50.0F, 0.0F, 320.0F, 620.0F, 900.0F}) {
        for (const float y : {-50.0F, 0.0F, 240.0F, 460.0F, 900.0F}) {
            const std::vector<Detection> detections{{{x, y, x + 20.0F, y + 20.0F}, 3, 0.987F}};
            EXPECT_EQ(count_letter_pixels(draw(plain(640, 480), detections).picture), whole) << x << ", " << y;
        }
    }
}

TEST_F(DrawDetections, TinyPicturesAndAbsurdBoxes) {
    const float infinity = std::numeric_limits<float>::infinity();
    const float not_a_number = std::numeric_limits<float>::quiet_NaN();
    const std::vector<Detection> detections{{{0.0F, 0.0F, 1.0F, 1.0F}, 1, 0.9F},
                                            {{-infinity, -1e30F, infinity, 1e30F}, 2, 0.9F},
                                            {{not_a_number, 0.0F, 1.0F, not_a_number}, 3, not_a_number},
                                            {{9.0F, 9.0F, 2.0F, 2.0F}, 100000, 0.9F}};
    for (const LabelsOn labels_on : {LabelsOn::box, LabelsOn::legend, LabelsOn::none}) {
        for (const bool keeps_size : {false, true}) {
            for (const auto& [width, height] :
                 {std::pair(1, 1), std::pair(1, 300), std::pair(300, 1), std::pair(13, 13), std::pair(40, 300)}) {
                const DrawnPicture drawn =
                    draw(plain(width, height), detections, {.labels_on = labels_on, .keeps_size = keeps_size});
                EXPECT_EQ(drawn.place, (PixelRect{0, 0, width, height}));
                EXPECT_LT(drawn.picture.width * drawn.picture.height, 300 * 300 + 65536);
                const bool grown = drawn.picture.width > width || drawn.picture.height > height;
                EXPECT_EQ(grown, drawn.labels_on == LabelsOn::legend);
                EXPECT_FALSE(grown && (keeps_size || labels_on == LabelsOn::none));
            }
        }
    }
}

TEST_F(DrawDetections, NeighboursDoNotHideEachOthersLabels) {
    // Two boxes side by side, nearer than a plate is wide.
    const std::vector<Detection> detections{{{300.0F, 300.0F, 330.0F, 330.0F}, 3, 0.9F},
                                            {{336.0F, 300.0F, 366.0F, 330.0F}, 3, 0.8F}};
    std::size_t alone = 0;
    for (const Detection& detection : detections)
        alone += count_letter_pixels(draw(plain(640, 640), std::vector{detection}).picture);
    EXPECT_EQ(count_letter_pixels(draw(plain(640, 640), detections).picture), alone);
}

/// Boxes of 20 pixels in a grid, `gap` apart, from the upper left corner.
std::vector<Detection> grid(int columns, int rows, int gap) {
    std::vector<Detection> detections;
    for (int i = 0; i < columns * rows; ++i) {
        const auto x = static_cast<float>(10 + (20 + gap) * (i % columns));
        const auto y = static_cast<float>(10 + (20 + gap) * (i / columns));
        detections.push_back({{x, y, x + 20.0F, y + 20.0F}, 1 + i % 6, 0.9F});
    }
    return detections;
}

TEST_F(DrawDetections, CrowdedBoxesGetALegend) {
    EXPECT_EQ(draw(plain(640, 640), grid(4, 4, 120)).labels_on, LabelsOn::box);
    const DrawnPicture crowded = draw(plain(640, 640), grid(8, 8, 10));
    EXPECT_EQ(crowded.labels_on, LabelsOn::legend);
    EXPECT_FALSE(crowded.lists_classes);
    EXPECT_EQ(crowded.place, (PixelRect{0, 0, 640, 640}));
    EXPECT_GT(crowded.picture.width, 640);
    EXPECT_EQ(crowded.picture.height, 640);
    EXPECT_EQ(draw(plain(1200, 400), grid(8, 8, 10)).picture.width, 1200) << "below a wide picture";
}

TEST_F(DrawDetections, ALegendTooLargeForThePictureCountsClasses) {
    const DrawnPicture drawn = draw(plain(640, 640), grid(21, 21, 9));
    EXPECT_EQ(drawn.labels_on, LabelsOn::legend);
    EXPECT_TRUE(drawn.lists_classes);
    // The colours of the six classes, each on a plate, in the legend.
    std::set<Colour> seen;
    for (int y = 0; y < drawn.picture.height; ++y) {
        for (int x = 640; x < drawn.picture.width; ++x) seen.insert(pixel(drawn.picture, x, y));
    }
    for (int label = 1; label <= 6; ++label) EXPECT_TRUE(seen.contains(class_colour(label))) << label;
}

TEST_F(DrawDetections, AFrameOfAVideoKeepsItsSize) {
    for (const LabelsOn labels_on : {LabelsOn::box, LabelsOn::legend}) {
        const DrawnPicture drawn = draw(plain(640, 480), grid(8, 8, 10), {.labels_on = labels_on, .keeps_size = true});
        EXPECT_EQ(drawn.labels_on, LabelsOn::box);
        EXPECT_EQ(drawn.picture.width, 640);
        EXPECT_GT(count_letter_pixels(drawn.picture), 1000U);
    }
}

TEST_F(DrawDetections, ASideNeverGrowsBeyondWhatAJpegHolds) {
    EXPECT_EQ(draw(plain(65500, 8), grid(8, 1, 2), {.labels_on = LabelsOn::legend}).picture.width, 65500);
    const DrawnPicture tall = draw(plain(8, 65500), grid(1, 8, 2), {.labels_on = LabelsOn::legend});
    EXPECT_EQ(tall.picture.height, 65500);
    EXPECT_GT(tall.picture.width, 8);
}

TEST_F(DrawDetections, WithoutFontsOrLabelsOnlyBoxesAreDrawn) {
    const auto detections = grid(4, 4, 40);
    const auto none = draw(plain(640, 640), detections, {.labels_on = LabelsOn::none});
    EXPECT_EQ(none.labels_on, LabelsOn::none);
    EXPECT_EQ(count_letter_pixels(none.picture), 0U);
    const auto no_renderer =
        draw_detections(plain(640, 640), detections, names, nullptr, {.labels_on = LabelsOn::legend});
    ASSERT_TRUE(no_renderer.ok());
    EXPECT_EQ(no_renderer->picture.pixels, none.picture.pixels);
}

TEST_F(DrawDetections, WhatSteersTextAndWhatIsTooLongIsNotDrawn) {
    const std::vector<Detection> detections{{{200.0F, 300.0F, 260.0F, 350.0F}, 1, 0.9F}};
    const auto pixels = [&](const std::string& name) {
        return draw(plain(640, 640), detections, {}, std::vector{name}).picture.pixels;
    };
    EXPECT_EQ(pixels("a\u202Eb\nc"), pixels("a b c"));
    EXPECT_NE(pixels("a b c"), pixels("abc"));
    EXPECT_EQ(pixels(std::string(200, 'x')), pixels(std::string(1'000'000, 'x')));
}

TEST_F(DrawDetections, RefusesWhatItCannotDrawOn) {
    const auto result = draw_detections({4, 4, PixelFormat::grey8, std::vector<std::byte>(16)}, {}, names, &renderer_);
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, HasSubstr("to_rgb8"));
    EXPECT_FALSE(draw_detections({0, 4, PixelFormat::rgb8, {}}, {}, names, &renderer_).ok());
}

TEST(DrawingStyle, IsSizedForTheScreenAndTheBox) {
    const PixelRect small{0, 0, 35, 35};
    const PixelRect large{0, 0, 500, 500};
    // Up to 1600 pixels a picture is seen pixel by pixel.
    for (const int side : {640, 1600}) {
        EXPECT_EQ(DrawingStyle(side, side, {}).font_size(small), 14);
        EXPECT_EQ(DrawingStyle(side, side, {}).font_size(large), 14);
        EXPECT_EQ(DrawingStyle(side, side, {}).line_width(large), 3);
        EXPECT_EQ(DrawingStyle(side, side, {}).line_width(small), 2);
    }
    // 6000 are 3.75 times as many: 14 * 3.75 = 52.5, 3 * 3.75 = 11.25; a small box gets 16 * sqrt(3.75) = 31, and 3.75.
    for (const auto& style : {DrawingStyle(6000, 4000, {}), DrawingStyle(4000, 6000, {})}) {
        EXPECT_EQ(style.font_size(large), 53);
        EXPECT_EQ(style.line_width(large), 11);
        EXPECT_EQ(style.font_size(small), 31);
        EXPECT_EQ(style.line_width(small), 4);
        EXPECT_EQ(style.font_size({0, 0, 100, 64}), 48) << "0.6 of a side of 80";
    }
    // Small pictures: a fourteenth of the longer side, but letters of 10 pixels at least.
    EXPECT_EQ(DrawingStyle(160, 120, {}).font_size(large), 11);
    EXPECT_EQ(DrawingStyle(20, 10, {}).font_size(small), 10);
    EXPECT_EQ(DrawingStyle(160, 120, {}).line_width(large), 1);
    EXPECT_EQ(DrawingStyle(1, 1, {}).line_width(small), 1);
}

TEST(DrawingStyle, IsWhatWasAskedFor) {
    const DrawingStyle style(6000, 4000, {.line_width = 5, .font_size = 20});
    for (const PixelRect& box : {PixelRect{0, 0, 3, 3}, PixelRect{0, 0, 3000, 3000}}) {
        EXPECT_EQ(style.line_width(box), 5);
        EXPECT_EQ(style.font_size(box), 20);
    }
    EXPECT_EQ(style.smallest_font_size(), 20);
    EXPECT_EQ(style.legend_font_size(), 20);
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

} // namespace
} // namespace detect
