// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/reference/run_node.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Lt;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

// Two rows of a ramp, pixel (y, x) has value 4y + x.
Tensor ramp() { return floats({1, 1, 2, 4}, {0, 1, 2, 3, 4, 5, 6, 7}); }

const Attributes one_bin = {{"sampling_ratio", std::int64_t{1}},
                            {"coordinate_transformation_mode", "output_half_pixel"}};

TEST(RoiAlign, SamplesTheMiddleOfABin) {
    // Box (0,0)-(2,1), one bin, one sample at its middle: y = 0.5, x = 1. 4·0.5 + 1 = 3.
    const Tensor result = run("RoiAlign", {ramp(), floats({1, 4}, {0, 0, 2, 1}), ints({1}, {0})}, one_bin);
    EXPECT_EQ(to_string(result.dims()), "[1, 1, 1, 1]");
    EXPECT_THAT(values<float>(result), ElementsAre(FloatEq(3.0F)));
}

TEST(RoiAlign, HalfPixelModeShiftsByHalfAPixel) {
    // The same box half a pixel up and left: y = 0, x = 0.5, so 0.5.
    Attributes attributes = {{"sampling_ratio", std::int64_t{1}}};
    const Tensor result = run("RoiAlign", {ramp(), floats({1, 4}, {0, 0, 2, 1}), ints({1}, {0})}, attributes);
    EXPECT_THAT(values<float>(result), ElementsAre(FloatEq(0.5F)));
}

TEST(RoiAlign, BeforeOpset16NothingIsShifted) {
    const Tensor result = run("RoiAlign", {ramp(), floats({1, 4}, {0, 0, 2, 1}), ints({1}, {0})},
                              {{"sampling_ratio", std::int64_t{1}}}, 10);
    EXPECT_THAT(values<float>(result), ElementsAre(FloatEq(3.0F)));
}

TEST(RoiAlign, WithoutShiftABoxIsAtLeastOnePixel) {
    // A box without extent at (1, 0) counts as 1×1: its middle is (1.5, 0.5), so 4·0.5 + 1.5 = 3.5.
    const Tensor result = run("RoiAlign", {ramp(), floats({1, 4}, {1, 0, 1, 0}), ints({1}, {0})}, one_bin);
    EXPECT_THAT(values<float>(result), ElementsAre(FloatEq(3.5F)));
}

TEST(RoiAlign, AveragesFourSamplesPerBinAndScales) {
    // Scale 0.5: box (0,0)-(6,2) becomes (0,0)-(3,1); two bins of 1.5×1, 2×2 samples each. The map is linear inside, so
    // the mean is its value at the bin's middle: (0.75, 0.5) → 2.75 and (2.25, 0.5) → 4.25.
    const Tensor result = run("RoiAlign", {ramp(), floats({1, 4}, {0, 0, 6, 2}), ints({1}, {0})},
                              {{"sampling_ratio", std::int64_t{2}},
                               {"spatial_scale", 0.5F},
                               {"output_width", std::int64_t{2}},
                               {"coordinate_transformation_mode", "output_half_pixel"}});
    EXPECT_THAT(values<float>(result), ElementsAre(FloatEq(2.75F), FloatEq(4.25F)));
}

TEST(RoiAlign, BeyondTheMapThereIsNothing) {
    // Sample at (10.5, 0.5): more than a pixel outside, 0. At (3.5, 0.5): within a pixel, the last column: 2 + 3 = 5.
    const Tensor result =
        run("RoiAlign", {ramp(), floats({2, 4}, {10, 0, 11, 1, 3, 0, 4, 1}), ints({2}, {0, 0})}, one_bin);
    EXPECT_THAT(values<float>(result), ElementsAre(FloatEq(0.0F), FloatEq(5.0F)));
}

TEST(RoiAlign, TakesBoxesThatAreNotNumbersAsOutside) {
    const Tensor rois =
        floats({3, 4}, {nan, nan, nan, nan, -infinity, -infinity, infinity, infinity, infinity, 0, -infinity, 1});
    const Tensor result = run("RoiAlign", {ramp(), rois, ints({3}, {0, 0, 0})}, one_bin);
    EXPECT_THAT(values<float>(result), ElementsAre(0.0F, 0.0F, 0.0F));
}

TEST(RoiAlign, ReadsTheImageOfEachBox) {
    const Tensor maps = floats({2, 1, 1, 1}, {10, 20});
    const Tensor rois = floats({2, 4}, {0, 0, 1, 1, 0, 0, 1, 1});
    EXPECT_THAT(values<float>(run("RoiAlign", {maps, rois, ints({2}, {1, 0})}, one_bin)), ElementsAre(20.0F, 10.0F));
    const auto outside = run_node("RoiAlign", {maps, rois, ints({2}, {2, 0})}, one_bin);
    ASSERT_FALSE(outside.ok());
    EXPECT_EQ(outside.error().code, ErrorCode::bad_model);
    EXPECT_THAT(outside.error().message, HasSubstr("index 2"));
}

TEST(RoiAlign, NoBoxesGiveNoRows) {
    const Tensor result = run("RoiAlign", {ramp(), floats({0, 4}, {}), ints({0}, {})}, one_bin);
    EXPECT_EQ(to_string(result.dims()), "[0, 1, 1, 1]");
}

TEST(RoiAlign, WhatABoxHasOutsideTheMapCostsNothing) {
    // Of 2^40 samples, some 1000 pixels apart, none lies inside; of the second box, at most one of 2^20 in each row.
    const Tensor rois = floats({2, 4}, {0, 0, 1e9F, 1e9F, -1e9F, -1, 1e9F, 1});
    const Tensor result = run("RoiAlign", {ramp(), rois, ints({2}, {0, 0})}, {});
    EXPECT_THAT(values<float>(result), ElementsAre(0.0F, AllOf(Ge(0.0F), Lt(1e-4F))));
}

TEST(RoiAlign, WhatLiesOutsideTheMapIsNotRead) {
    const Tensor map = floats({1, 1, 1, 2}, {infinity, 1});
    const Tensor rois = floats({2, 4}, {10, 0, 11, 1, -9, 0, -8, 1});
    for (const char* mode : {"avg", "max"}) {
        Attributes attributes = one_bin;
        attributes["mode"] = std::string(mode);
        const Tensor result = run("RoiAlign", {map, rois, ints({2}, {0, 0})}, attributes);
        EXPECT_THAT(values<float>(result), ElementsAre(0.0F, 0.0F)) << mode;
    }
}

TEST(RoiAlign, RefusesMoreSamplesThanARegionMayTake) {
    // None of them inside the map.
    const Tensor rois = floats({1, 4}, {100, 100, 101, 101});
    const auto sampled = [&](std::int64_t ratio, std::int64_t width) {
        return run_node("RoiAlign", {ramp(), rois, ints({1}, {0})},
                        {{"sampling_ratio", ratio}, {"output_width", width}});
    };
    EXPECT_TRUE(sampled(1024, 16).ok());
    const auto refused = sampled(1025, 16);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::bad_model);
    EXPECT_THAT(refused.error().message, HasSubstr("samples: 1025 x 1025 in each of 1 x 16 bins"));
    EXPECT_FALSE(sampled(1 << 20, 1).ok());
    EXPECT_TRUE(sampled(4, 1 << 20).ok());
    EXPECT_FALSE(sampled(5, 1 << 20).ok());
}

// Boxes (y1, x1, y2, x2): 0 and 1 overlap with IoU 9·10/(100+100−90) = 0.818, 2 lies apart.
Tensor three_boxes() { return floats({1, 3, 4}, {0, 0, 10, 10, 0, 1, 10, 11, 0, 50, 10, 60}); }

Tensor most(std::int64_t count) { return ints({1}, {count}); }
Tensor threshold(float value) { return floats({1}, {value}); }

TEST(NonMaxSuppression, KeepsTheBestOfOverlappingBoxes) {
    const Tensor scores = floats({1, 1, 3}, {0.5F, 0.9F, 0.7F});
    const Tensor result = run("NonMaxSuppression", {three_boxes(), scores, most(10), threshold(0.5F), threshold(0.0F)});
    EXPECT_EQ(to_string(result.dims()), "[2, 3]");
    EXPECT_THAT(values<std::int64_t>(result), ElementsAre(0, 0, 1, 0, 0, 2));
}

TEST(NonMaxSuppression, ThresholdsAreExclusive) {
    const Tensor scores = floats({1, 1, 3}, {0.5F, 0.9F, 0.7F});
    // A score equal to the threshold is dropped.
    const Tensor result = run("NonMaxSuppression", {three_boxes(), scores, most(10), threshold(0.9F), threshold(0.5F)});
    EXPECT_THAT(values<std::int64_t>(result), ElementsAre(0, 0, 1, 0, 0, 2));
    // Boxes 0 and 1 with IoU exactly 0.5 (5·10 / (100+50−50)) both stay at 0.5, and not at 0.49.
    const Tensor halves = floats({1, 2, 4}, {0, 0, 10, 10, 0, 0, 10, 5});
    const Tensor both = floats({1, 1, 2}, {0.9F, 0.8F});
    EXPECT_EQ(run("NonMaxSuppression", {halves, both, most(10), threshold(0.5F)}).dims()[0], 2);
    EXPECT_EQ(run("NonMaxSuppression", {halves, both, most(10), threshold(0.49F)}).dims()[0], 1);
}

TEST(NonMaxSuppression, EqualScoresGoByIndex) {
    const Tensor scores = floats({1, 1, 3}, {0.5F, 0.5F, 0.5F});
    const Tensor result = run("NonMaxSuppression", {three_boxes(), scores, most(10), threshold(0.5F)});
    EXPECT_THAT(values<std::int64_t>(result), ElementsAre(0, 0, 0, 0, 0, 2));
}

TEST(NonMaxSuppression, GoesByImageThenClassThenScore) {
    const Tensor boxes = floats({2, 2, 4}, {0, 0, 1, 1, 5, 5, 6, 6, 0, 0, 1, 1, 5, 5, 6, 6});
    const Tensor scores = floats({2, 2, 2}, {0.1F, 0.2F, 0.4F, 0.3F, 0.5F, 0.6F, 0.8F, 0.7F});
    const Tensor result = run("NonMaxSuppression", {boxes, scores, most(1)});
    EXPECT_THAT(values<std::int64_t>(result), ElementsAre(0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0));
}

TEST(NonMaxSuppression, WithoutALimitNothingIsKept) {
    const Tensor scores = floats({1, 1, 3}, {0.5F, 0.9F, 0.7F});
    EXPECT_EQ(to_string(run("NonMaxSuppression", {three_boxes(), scores}).dims()), "[0, 3]");
    EXPECT_EQ(to_string(run("NonMaxSuppression", {three_boxes(), scores, most(0)}).dims()), "[0, 3]");
    EXPECT_EQ(to_string(run("NonMaxSuppression", {three_boxes(), scores, most(-1)}).dims()), "[0, 3]");
}

TEST(NonMaxSuppression, TakesCornersInEitherOrderAndCentres) {
    const Tensor scores = floats({1, 1, 2}, {0.9F, 0.8F});
    const Tensor flipped = floats({1, 2, 4}, {10, 10, 0, 0, 0, 1, 10, 11});
    EXPECT_EQ(run("NonMaxSuppression", {flipped, scores, most(10), threshold(0.5F)}).dims()[0], 1);
    // Centre x, centre y, width, height: the same two boxes.
    const Tensor centres = floats({1, 2, 4}, {5, 5, 10, 10, 6, 5, 10, 10});
    EXPECT_EQ(
        run("NonMaxSuppression", {centres, scores, most(10), threshold(0.5F)}, {{"center_point_box", std::int64_t{1}}})
            .dims()[0],
        1);
}

TEST(NonMaxSuppression, NeverChoosesNaN) {
    const Tensor scores = floats({1, 1, 3}, {nan, 0.9F, nan});
    EXPECT_THAT(values<std::int64_t>(run("NonMaxSuppression", {three_boxes(), scores, most(10)})),
                ElementsAre(0, 0, 1));
    const Tensor result = run("NonMaxSuppression", {three_boxes(), scores, most(10), threshold(0.5F), threshold(0.1F)});
    EXPECT_THAT(values<std::int64_t>(result), ElementsAre(0, 0, 1));
}

TEST(NonMaxSuppression, NoBoxesOrNoClassesAreFine) {
    EXPECT_EQ(to_string(run("NonMaxSuppression", {floats({2, 0, 4}, {}), floats({2, 3, 0}, {}), most(5)}).dims()),
              "[0, 3]");
    EXPECT_EQ(to_string(run("NonMaxSuppression", {three_boxes(), floats({1, 0, 3}, {}), most(5)}).dims()), "[0, 3]");
}

TEST(NonMaxSuppression, RejectsThresholdsThatAreNoOverlap) {
    const auto result =
        run_node("NonMaxSuppression", {three_boxes(), floats({1, 1, 3}, {1, 1, 1}), most(1), threshold(1.5F)});
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, HasSubstr("iou_threshold"));
}

TEST(TopK, EqualValuesGoByIndex) {
    const auto result = run_node("TopK", {floats({6}, {1, 3, 2, 3, 3, 0}), ints({1}, {4})}, {}, 2);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_THAT(values<float>((*result)[0]), ElementsAre(3, 3, 3, 2));
    EXPECT_THAT(values<std::int64_t>((*result)[1]), ElementsAre(1, 3, 4, 2));
}

TEST(TopK, SmallestFirstOnAnyAxis) {
    const auto result = run_node("TopK", {floats({2, 3}, {5, 1, 4, 2, 9, 4}), ints({1}, {1})},
                                 {{"axis", std::int64_t{0}}, {"largest", std::int64_t{0}}}, 2);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_THAT(values<float>((*result)[0]), ElementsAre(2, 1, 4));
    EXPECT_THAT(values<std::int64_t>((*result)[1]), ElementsAre(1, 0, 0));
}

TEST(TopK, NaNStandsAboveEveryNumber) {
    const auto result = run_node("TopK", {floats({4}, {infinity, nan, 1, nan}), ints({1}, {3})}, {}, 2);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_THAT(values<std::int64_t>((*result)[1]), ElementsAre(1, 3, 0));
}

TEST(TopK, MayKeepNothingButNotTooMuch) {
    const auto none = run_node("TopK", {floats({2, 3}, {5, 1, 4, 2, 9, 4}), ints({1}, {0})}, {}, 2);
    ASSERT_TRUE(none.ok()) << none.error().message;
    EXPECT_EQ(to_string((*none)[0].dims()), "[2, 0]");
    EXPECT_FALSE(run_node("TopK", {floats({2}, {5, 1}), ints({1}, {3})}, {}, 2).ok());
    EXPECT_FALSE(run_node("TopK", {floats({2}, {5, 1}), ints({1}, {-1})}, {}, 2).ok());
}

TEST(Resize, InterpolatesBetweenPixelCentres) {
    // Doubling [0, 8]: centres fall at −0.25, 0.25, 0.75, 1.25, clamped at the ends: 0, 2, 6, 8.
    const Tensor result = run("Resize", {floats({1, 1, 1, 2}, {0, 8}), Tensor(), Tensor(), ints({4}, {1, 1, 1, 4})},
                              {{"mode", "linear"}});
    EXPECT_THAT(values<float>(result), ElementsAre(0, 2, 6, 8));
}

TEST(Resize, PytorchHalfPixelTakesTheFirstPixelForOneOutput) {
    const Tensor image = floats({1, 1, 1, 4}, {1, 2, 3, 4});
    const Attributes pytorch = {{"mode", "linear"}, {"coordinate_transformation_mode", "pytorch_half_pixel"}};
    EXPECT_THAT(values<float>(run("Resize", {image, Tensor(), Tensor(), ints({4}, {1, 1, 1, 1})}, pytorch)),
                ElementsAre(1));
    // half_pixel samples the middle: (0 + 0.5)·4 − 0.5 = 1.5.
    EXPECT_THAT(
        values<float>(run("Resize", {image, Tensor(), Tensor(), ints({4}, {1, 1, 1, 1})}, {{"mode", "linear"}})),
        ElementsAre(2.5F));
}

TEST(Resize, Opset10RoundsDownAndCountsFromTheCorner) {
    const Tensor result = run("Resize", {floats({1, 1, 1, 2}, {1, 2}), floats({4}, {1, 1, 1, 2.5F})}, {}, 10);
    EXPECT_THAT(values<float>(result), ElementsAre(1, 1, 1, 2, 2));
}

TEST(Softmax, BeforeOpset13EverythingFromTheAxisOnIsOne) {
    const Tensor input = floats({1, 2, 2}, {0, 0, 0, 0});
    EXPECT_THAT(values<float>(run("Softmax", {input}, {{"axis", std::int64_t{1}}}, 12)),
                ElementsAre(0.25F, 0.25F, 0.25F, 0.25F));
    EXPECT_THAT(values<float>(run("Softmax", {input}, {{"axis", std::int64_t{1}}}, 13)),
                ElementsAre(0.5F, 0.5F, 0.5F, 0.5F));
}

TEST(Softmax, LargeNumbersDoNotOverflow) {
    EXPECT_THAT(values<float>(run("Softmax", {floats({1, 2}, {1000, 1000})})), ElementsAre(0.5F, 0.5F));
    EXPECT_THAT(values<float>(run("Softmax", {floats({1, 2}, {0, std::log(3.0F)})})),
                ElementsAre(FloatNear(0.25F, 1e-6F), FloatNear(0.75F, 1e-6F)));
}

} // namespace

} // namespace detect::test
