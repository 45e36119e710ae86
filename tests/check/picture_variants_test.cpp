// SPDX-License-Identifier: Apache-2.0
#include "check/picture_variants.h"

#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::FloatNear;

/// Channels [1 2], [3 4], [5 6] of one row.
Tensor row() { return Tensor::of<float>({3, 1, 2}, {1, 2, 3, 4, 5, 6}); }

std::vector<float> values(const Tensor& tensor) { return {tensor.data<float>().begin(), tensor.data<float>().end()}; }

TEST(PictureVariantsTest, ResizedBetweenPixelCentres) {
    // Centres of four pixels lie at -0.25, 0.25, 0.75, 1.25 of two; outside, the border goes on.
    const Tensor wide = require(checking::resized(row(), 1, 4));
    EXPECT_EQ(wide.dims(), (Dims{3, 1, 4}));
    std::vector<float> first_row = values(wide);
    first_row.resize(4);
    EXPECT_THAT(first_row, ElementsAre(1.0F, FloatNear(1.25F, 1e-6F), FloatNear(1.75F, 1e-6F), 2.0F));
    EXPECT_THAT(values(require(checking::resized(row(), 1, 1))), ElementsAre(1.5F, 3.5F, 5.5F));
}

TEST(PictureVariantsTest, MirroredSwappedAndRescaled) {
    EXPECT_THAT(values(require(checking::mirrored(row()))), ElementsAre(2, 1, 4, 3, 6, 5));
    EXPECT_THAT(values(require(checking::with_channels_swapped(row()))), ElementsAre(5, 6, 3, 4, 1, 2));
    EXPECT_THAT(values(require(checking::rescaled(row(), {2, 1, 0}, {1, 0, 7}))), ElementsAre(3, 5, 3, 4, 7, 7));
}

TEST(PictureVariantsTest, RepeatedDownAndAcross) {
    const Tensor across = require(checking::repeated(row(), 1, 2));
    EXPECT_EQ(across.dims(), (Dims{3, 1, 4}));
    EXPECT_THAT(values(across), ElementsAre(1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6));
    EXPECT_EQ(require(checking::repeated(row(), 2, 1)).dims(), (Dims{3, 2, 2}));
}

TEST(PictureVariantsTest, DrawnWithinTheRangeAndNotFlat) {
    EXPECT_THAT(values(require(checking::flat(2, 2, 0.5F))), Each(0.5F));
    const std::vector<float> drawn = values(require(checking::drawn(64, 96)));
    const auto [least, most] = std::ranges::minmax(drawn);
    EXPECT_GE(least, 0.0F);
    EXPECT_LE(most, 1.0F);
    EXPECT_GT(most - least, 0.5F);
}

} // namespace
} // namespace detect::test
