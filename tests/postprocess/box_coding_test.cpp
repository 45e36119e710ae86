// SPDX-License-Identifier: Apache-2.0
#include "graph_harness.h"
#include "postprocess/box_coding.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>

namespace detect {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

std::vector<float> decode(const std::vector<float>& deltas, const std::vector<float>& references,
                          BoxCodingWeights weights) {
    const auto rows = static_cast<std::int64_t>(deltas.size() / 4);
    return values_of<float>(evaluate([&](GraphBuilder& b) {
                                const ValueId d = b.constant("deltas", Tensor::of<float>({rows, 4}, deltas));
                                const ValueId r = b.constant("references", Tensor::of<float>({rows, 4}, references));
                                return std::vector{add_decode_boxes(b, d, r, weights)};
                            }).front());
}

TEST(DecodeBoxes, ZeroDeltasGiveTheReferenceBack) {
    EXPECT_THAT(decode({0, 0, 0, 0}, {10, 20, 30, 60}, {}), ElementsAre(10, 20, 30, 60));
}

TEST(DecodeBoxes, ShiftIsInUnitsOfTheReferenceAndGrowthIsLogarithmic) {
    // Reference 20 wide, 40 high, centred at (20, 40). dx = 0.5 → centre 30; dy = −0.25 → centre 30.
    // dw = ln 2 → 40 wide; dh = 0 → 40 high.
    const float ln2 = std::log(2.0F);
    EXPECT_THAT(decode({0.5F, -0.25F, ln2, 0}, {10, 20, 30, 60}, {}),
                Pointwise(FloatNear(1e-4F), std::vector<float>{10, 10, 50, 50}));
    // The RoI heads' weights divide: 5 / 10 = 0.5, −2.5 / 10 = −0.25, 5 ln 2 / 5 = ln 2.
    EXPECT_THAT(decode({5, -2.5F, 5 * ln2, 0}, {10, 20, 30, 60}, {10, 10, 5, 5}),
                Pointwise(FloatNear(1e-4F), std::vector<float>{10, 10, 50, 50}));
    // Each by its own: 4 / 8 = 0.5, −0.5 / 2 = −0.25, 3 ln 2 / 3 = ln 2, 0 / 7 = 0.
    EXPECT_THAT(decode({4, -0.5F, 3 * ln2, 0}, {10, 20, 30, 60}, {8, 2, 3, 7}),
                Pointwise(FloatNear(1e-4F), std::vector<float>{10, 10, 50, 50}));
    EXPECT_THAT(decode({5, -2.5F, 0, 2 * ln2}, {10, 20, 30, 60}, {10, 10, 7, 2}),
                Pointwise(FloatNear(1e-4F), std::vector<float>{20, -10, 40, 70}));
}

TEST(DecodeBoxes, GrowthIsClampedAtAThousandOverSixteen) {
    // dw = 100 would overflow exp. 16 pixels grow to 1000: centre 8 ± 500.
    EXPECT_THAT(decode({0, 0, 100, 0}, {0, 0, 16, 16}, {}),
                Pointwise(FloatNear(1e-2F), std::vector<float>{-492, 0, 508, 16}));
}

TEST(DecodeBoxes, InvertsEncoding) {
    // torchvision BoxCoder.encode_single, in double precision.
    std::mt19937 random(7);
    std::uniform_real_distribution<float> corner(0, 100);
    std::uniform_real_distribution<float> side(5, 80);
    std::vector<float> deltas;
    std::vector<float> references;
    std::vector<float> targets;
    for (int i = 0; i < 200; ++i) {
        const double rx = corner(random), ry = corner(random), rw = side(random), rh = side(random);
        const double tx = corner(random), ty = corner(random), tw = side(random), th = side(random);
        for (const double v : {rx, ry, rx + rw, ry + rh}) references.push_back(static_cast<float>(v));
        for (const double v : {tx, ty, tx + tw, ty + th}) targets.push_back(static_cast<float>(v));
        deltas.push_back(static_cast<float>(10 * (tx + tw / 2 - rx - rw / 2) / rw));
        deltas.push_back(static_cast<float>(10 * (ty + th / 2 - ry - rh / 2) / rh));
        deltas.push_back(static_cast<float>(5 * std::log(tw / rw)));
        deltas.push_back(static_cast<float>(5 * std::log(th / rh)));
    }
    EXPECT_THAT(decode(deltas, references, {10, 10, 5, 5}), Pointwise(FloatNear(1e-3F), targets));
}

TEST(ClipBoxes, MovesCornersIntoThePicture) {
    const auto clipped = evaluate([](GraphBuilder& b) {
        const ValueId boxes = b.constant("boxes", Tensor::of<float>({2, 4}, {-5, 3, 50, 90, 200, 10, 300, 20}));
        return std::vector{add_clip_boxes(b, boxes, b.vector({100.0F, 60.0F, 100.0F, 60.0F}))};
    });
    EXPECT_THAT(values_of<float>(clipped[0]), ElementsAre(0, 3, 50, 60, 100, 10, 100, 20));
}

TEST(LargeEnough, BothSidesMustBe) {
    const auto kept = evaluate([](GraphBuilder& b) {
        const ValueId boxes =
            b.constant("boxes", Tensor::of<float>({1, 4, 4}, {0, 0, 2, 2, 0, 0, 1, 9, 0, 0, 9, 1, 5, 5, 4, 9}));
        return std::vector{add_large_enough(b, boxes, 2.0F)};
    });
    EXPECT_THAT(values_of<bool>(kept[0]), ElementsAre(true, false, false, false));
}

} // namespace
} // namespace detect
