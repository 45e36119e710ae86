// SPDX-License-Identifier: Apache-2.0
#include "results/detection_match.h"

#include <gtest/gtest.h>

namespace detect {
namespace {

Detection detection(int label, float score, Box box = {0, 0, 100, 100}) {
    return {.box = box, .label = label, .score = score};
}

TEST(IntersectionOverUnion, OfOverlappingTouchingAndEmptyBoxes) {
    EXPECT_DOUBLE_EQ(intersection_over_union({0, 0, 2, 2}, {1, 0, 3, 2}), 2.0 / 6.0);
    EXPECT_DOUBLE_EQ(intersection_over_union({0, 0, 2, 2}, {2, 0, 4, 2}), 0.0);
    EXPECT_DOUBLE_EQ(intersection_over_union({0, 0, 0, 0}, {0, 0, 0, 0}), 0.0);
}

TEST(MatchDetections, CountsEveryDisagreementOnEitherSide) {
    const std::vector<Detection> a{detection(1, 0.9F), detection(2, 0.5F)};
    EXPECT_EQ(match_detections(a, a).unmatched, 0);
    EXPECT_EQ(match_detections(a, a).matched, 2);
    EXPECT_EQ(match_detections(a, std::vector{detection(1, 0.9F)}).unmatched, 1);
    EXPECT_EQ(match_detections(std::vector{detection(1, 0.9F)}, a).unmatched, 1);
    EXPECT_EQ(match_detections(a, std::vector{detection(1, 0.9F), detection(3, 0.5F)}).unmatched, 2);
    EXPECT_EQ(match_detections(a, std::vector{detection(1, 0.902F), detection(2, 0.5F)}).unmatched, 2);
    EXPECT_EQ(match_detections(a, std::vector{detection(1, 0.9F, {0, 0, 100, 98}), detection(2, 0.5F)}).unmatched, 2);
}

TEST(MatchDetections, OnePartnerServesOnce) {
    const std::vector<Detection> twice{detection(1, 0.9F), detection(1, 0.9F)};
    EXPECT_EQ(match_detections(twice, std::vector{detection(1, 0.9F)}).unmatched, 1);
}

TEST(MatchDetections, FaintOnesMayComeAndGo) {
    EXPECT_EQ(match_detections(std::vector{detection(1, 0.09F)}, {}).unmatched, 0);
    // 0.1 must be found, by a partner that may be just below.
    EXPECT_EQ(match_detections(std::vector{detection(1, 0.1F)}, std::vector{detection(1, 0.0995F)}).unmatched, 0);
}

} // namespace
} // namespace detect
