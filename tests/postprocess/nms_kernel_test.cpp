// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"
#include "tests/postprocess/plain_nms.h"

namespace detect::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Indices run(std::span<const float> boxes, std::span<const float> scores, const NmsParameters& parameters) {
    Nms nms;
    const auto kept = nms.run(boxes, scores, parameters);
    return {kept.begin(), kept.end()};
}

TEST(Nms, ByHand) {
    // Two unit-overlap boxes of IoU 50 / 150 = 1/3, and one apart.
    const std::vector<float> boxes{0, 0, 10, 10, 5, 0, 15, 10, 20, 20, 30, 30};
    const std::vector<float> scores{0.5F, 0.9F, 0.7F};
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.3F}), (Indices{1, 2}));
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.4F}), (Indices{1, 2, 0}));
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.4F, .score_threshold = 0.5F}), (Indices{1, 2}));
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.4F, .max_output = 1}), (Indices{1}));
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.4F, .max_output = 0}), (Indices{}));
    EXPECT_EQ(run({}, {}, {}), (Indices{}));
}

TEST(Nms, AnOverlapOfExactlyTheThresholdStays) {
    // 50 / 100: one box is the left half of the other.
    const std::vector<float> boxes{0, 0, 10, 10, 0, 0, 5, 10};
    const std::vector<float> scores{0.5F, 0.4F};
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.5F}), (Indices{0, 1}));
    EXPECT_EQ(run(boxes, scores, {.iou_threshold = 0.49F}), (Indices{0}));
}

TEST(Nms, TheLowerIndexWinsAmongEquals) {
    std::vector<float> boxes;
    for (int i = 0; i < 40; ++i) boxes.insert(boxes.end(), {0, 0, 10, 10});
    EXPECT_EQ(run(boxes, std::vector<float>(40, 0.5F), {}), (Indices{0}));
    EXPECT_EQ(run(boxes, std::vector<float>(40, 0.5F), {.iou_threshold = 1.F}).size(), 40U);
}

TEST(Nms, GivesWhatThePlainLoopGives) {
    std::mt19937 generator(1);
    std::uniform_real_distribution<float> position(0.F, 300.F);
    std::uniform_real_distribution<float> side(1.F, 120.F);
    Nms reused;
    for (const std::size_t count : {1UL, 2UL, 15UL, 16UL, 17UL, 33UL, 700UL, 50UL}) {
        std::vector<float> boxes;
        std::vector<float> scores;
        for (std::size_t i = 0; i < count; ++i) {
            const float x = position(generator);
            const float y = position(generator);
            boxes.insert(boxes.end(), {x, y, x + side(generator), y + side(generator)});
            // Few distinct scores, so that many are equal.
            scores.push_back(static_cast<float>(generator() % 50) / 50.F);
        }
        for (const float iou : {0.F, 0.3F, 0.5F, 0.7F}) {
            for (const std::size_t most : {SIZE_MAX, std::size_t{20}}) {
                const NmsParameters p{iou, 0.1F, most};
                const auto kept = reused.run(boxes, scores, p);
                EXPECT_EQ(Indices(kept.begin(), kept.end()), plain_nms(boxes, scores, p));
            }
        }
    }
}

TEST(Nms, WildNumbersNeitherCrashNorSuppress) {
    std::mt19937 generator(2);
    const std::vector<float> values{0.F, 1.F, -1.F, 1e30F, -1e30F, nan, infinity, -infinity, 1e-40F, 5.F};
    std::vector<float> boxes;
    std::vector<float> scores;
    for (std::size_t i = 0; i < 500; ++i) {
        for (int k = 0; k < 4; ++k) boxes.push_back(values[generator() % values.size()]);
        scores.push_back(values[generator() % values.size()]);
    }
    const NmsParameters p{0.5F, -infinity, SIZE_MAX};
    EXPECT_EQ(run(boxes, scores, p), plain_nms(boxes, scores, p));
    // NaN scores take no part; a NaN box takes part but overlaps nothing.
    const std::vector<float> three{0, 0, 9, 9, 0, nan, 9, 9, 0, 0, 9, 9};
    EXPECT_EQ(run(three, std::vector<float>{nan, 2, 1}, p), (Indices{1, 2}));
}

} // namespace
} // namespace detect::test
