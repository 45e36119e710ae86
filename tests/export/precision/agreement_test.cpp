// SPDX-License-Identifier: Apache-2.0
// Figures that calibration goes by: agreement of detections, and where on a map objects are.

#include "export/precision/agreement.h"
#include "export/precision/object_mask.h"

#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;

Detection detection(Box box, int label, float score) { return {.box = box, .label = label, .score = score}; }

constexpr Box left{0, 0, 10, 10};
constexpr Box right{100, 0, 110, 10};

TEST(Agreement, AddsUpWhatMovedAndCountsInFullWhatIsOnOneSideOnly) {
    Agreement agreement;
    // The box moved by a tenth: IoU 90 / 110. A faint one is not asked for. One is lost, one is new.
    agreement.add(std::vector{detection(left, 1, 0.9F), detection(right, 2, 0.6F), detection(right, 3, 0.2F)},
                  std::vector{detection({1, 0, 11, 10}, 1, 0.8F), detection(left, 2, 0.5F)});
    EXPECT_EQ(agreement.original, 2U);
    EXPECT_EQ(agreement.found, 1U);
    EXPECT_EQ(agreement.extra, 1U);
    EXPECT_NEAR(agreement.mean_score_difference(), 0.1, 1e-6);
    EXPECT_NEAR(agreement.mean_iou(), 90.0 / 110.0, 1e-6);
    EXPECT_NEAR(agreement.loss(), (0.1 + 0.6 + 0.5) / 3.0, 1e-6);
}

TEST(Agreement, AScoreMayFallBelowTheLimitWithoutBeingLost) {
    Agreement agreement;
    agreement.add(std::vector{detection(left, 1, 0.31F)}, std::vector{detection(left, 1, 0.29F)});
    agreement.add(std::vector{detection(left, 1, 0.29F)}, std::vector{detection(left, 1, 0.31F)});
    EXPECT_EQ(agreement.original, 1U);
    EXPECT_EQ(agreement.found, 1U);
    EXPECT_EQ(agreement.extra, 0U);
    EXPECT_NEAR(agreement.loss(), 0.02, 1e-6);
}

TEST(Agreement, OfNothingIsPerfect) {
    Agreement agreement;
    agreement.add({}, {});
    EXPECT_EQ(agreement.loss(), 0.0);
    EXPECT_EQ(agreement.mean_iou(), 1.0);
}

TEST(ObjectMask, TakesTheCellsOfTheBoxesAndTheirNeighbours) {
    // 4×8 cells of two channels over 40×80 pixels: the numbers of a cell are twice its position, and one more.
    std::vector<float> numbers(4 * 8 * 2);
    std::iota(numbers.begin(), numbers.end(), 0.0F);
    const Tensor map = Tensor::of<float>({1, 4, 8, 2}, numbers);
    const Dims picture{1, 3, 40, 80};
    // Columns 6.1 to 6.9 and row 0: with neighbours columns 5 to 7, rows 0 and 1.
    const std::vector one{detection({61, 1, 69, 9}, 1, 0.9F)};
    EXPECT_THAT(where_objects_are(map, picture, one), ElementsAre(10, 11, 12, 13, 14, 15, 26, 27, 28, 29, 30, 31));
    // A box that overlaps itself counts once.
    const std::vector twice{one[0], one[0]};
    EXPECT_EQ(where_objects_are(map, picture, twice), where_objects_are(map, picture, one));
}

TEST(ObjectMask, TakesAllWhereThereIsNothingToGoBy) {
    const Tensor map = Tensor::of<float>({1, 2, 2, 1}, {1, 2, 3, 4});
    EXPECT_THAT(where_objects_are(map, {1, 3, 40, 80}, {}), ElementsAre(1, 2, 3, 4));
    const std::vector one{detection({0, 0, 1, 1}, 1, 0.9F)};
    EXPECT_THAT(where_objects_are(Tensor::of<float>({2, 2}, {1, 2, 3, 4}), {1, 3, 40, 80}, one),
                ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(where_objects_are(Tensor::of<float>({1, 1, 1, 2}, {1, 2}), {1, 3, 40, 80}, one), ElementsAre(1, 2));
}

} // namespace
} // namespace detect::test
