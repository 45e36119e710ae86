// SPDX-License-Identifier: Apache-2.0
// What a model thinks of a picture before anything is detected in it.

#include "detector/detector_from_graph.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Half dark, half bright.
Pixels two_tones(int width, int height, std::uint8_t dark, std::uint8_t bright) {
    Pixels picture = noise(width, height, 1);
    for (std::size_t i = 0; i < picture.bytes.size(); ++i) picture.bytes[i] = i % 2 == 0 ? dark : bright;
    return picture;
}

std::vector<std::string> codes(const Detector& detector, const Pixels& picture) {
    std::vector<std::string> found;
    for (const Doubt& doubt : require(detector.examine(picture.view()))) found.push_back(doubt.code);
    return found;
}

/// That was verified on a picture of this size, mean 0.5 and deviation 0.4.
Detector verified_on(int width, int height, const DetectorOptions& options = {}) {
    Graph graph = tiny_graph();
    graph.metadata["verified_picture_width"] = std::to_string(width);
    graph.metadata["verified_picture_height"] = std::to_string(height);
    graph.metadata["verified_picture_mean"] = "0.5";
    graph.metadata["verified_picture_deviation"] = "0.4";
    return require(detector_from_graph(std::move(graph), options));
}

TEST(DetectorExamine, LittleToSee) {
    const Detector detector = tiny_detector();
    EXPECT_THAT(codes(detector, noise(120, 100, 1)), IsEmpty());
    EXPECT_THAT(codes(detector, two_tones(120, 100, 120, 121)), ElementsAre("flat"));
    EXPECT_THAT(codes(detector, two_tones(120, 100, 120, 126)), ElementsAre("flat"));
    EXPECT_THAT(codes(detector, two_tones(120, 100, 0, 8)), ElementsAre("dark"));
    EXPECT_THAT(codes(detector, two_tones(120, 100, 247, 255)), ElementsAre("bright"));
}

TEST(DetectorExamine, LittleBesideTheVerifiedPicture) {
    const Detector detector = verified_on(120, 100);
    EXPECT_THAT(codes(detector, two_tones(120, 100, 26, 230)), IsEmpty());
    EXPECT_THAT(codes(detector, two_tones(120, 100, 10, 30)), ElementsAre("dark"));
    EXPECT_THAT(codes(detector, two_tones(120, 100, 225, 245)), ElementsAre("bright"));
    const auto doubts = require(detector.examine(two_tones(120, 100, 110, 140).view()));
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_EQ(doubts[0].code, "flat");
    EXPECT_THAT(doubts[0].message, HasSubstr("verified on has mean 0.500, deviation 0.400"));
    EXPECT_THAT(codes(tiny_detector(), two_tones(120, 100, 110, 140)), IsEmpty()) << "nothing to compare with";
}

TEST(DetectorExamine, ObjectsThatAppearSmaller) {
    // Pictures are scaled to 96 to 192 pixels.
    EXPECT_THAT(codes(tiny_detector(), noise(280, 280, 1)), IsEmpty());
    EXPECT_THAT(codes(tiny_detector(), noise(300, 300, 1)), ElementsAre("scale"));
    EXPECT_THAT(codes(verified_on(200, 200), noise(390, 390, 1)), IsEmpty());
    const auto doubts = require(verified_on(100, 100).examine(noise(400, 800, 1).view()));
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_EQ(doubts[0].message,
              "400 x 800 pixels are scaled by 0.24: objects appear 4.0 times smaller than in the one that "
              "the model was verified on (100 x 100, scaled by 0.96) and may be missed; look at it in "
              "tiles of 100");
    EXPECT_THAT(codes(verified_on(100, 100, {.tiling = TilingOptions{.tile = 100}}), noise(400, 800, 1)), IsEmpty());
    EXPECT_THAT(codes(verified_on(400, 400), noise(90, 90, 1)), ElementsAre("scale")) << "larger";
}

TEST(DetectorExamine, AViewThatMakesNoSense) {
    EXPECT_EQ(tiny_detector().examine({}).error().code, ErrorCode::invalid_argument);
}

} // namespace
} // namespace detect::test
