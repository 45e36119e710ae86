// SPDX-License-Identifier: Apache-2.0
#include "detector/tiling.h"

#include "results/detection_match.h"

#include <algorithm>
#include <ctime>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;

/// Two tiles, 0–100 and 80–180, of a picture of 180×100.
class Seam : public testing::TestWithParam<TileMerge> {
protected:
    /// Boxes in pixels of the picture.
    std::vector<Detection> merge(std::vector<Detection> left, std::vector<Detection> right) const {
        for (Detection& detection : right) detection.box.x1 -= 80.0F, detection.box.x2 -= 80.0F;
        return merge_tiles(tiles_, std::vector<ImageResult>{{left}, {right}}, 180, 100, GetParam()).detections;
    }
    const std::vector<PixelRect> tiles_{{0, 0, 100, 100}, {80, 0, 100, 100}};
};

INSTANTIATE_TEST_SUITE_P(, Seam, testing::Values(TileMerge::nms, TileMerge::ios),
                         [](const auto& merge) { return merge.param == TileMerge::nms ? "nms" : "ios"; });

TEST_P(Seam, WhatOnlyOneTileSeesStays) {
    const Detection left{{10, 10, 30, 30}, 1, 0.9F};
    const Detection right{{120, 10, 140, 30}, 1, 0.8F};
    EXPECT_THAT(merge({left}, {right}), ElementsAre(left, right));
}

TEST_P(Seam, WhatBothSeeWholeIsReportedOnceWithItsBestScore) {
    const Detection seen_left{{85, 10, 95, 30}, 1, 0.7F};
    const Detection seen_right{{85, 10, 95.5F, 30.5F}, 1, 0.8F};
    EXPECT_THAT(merge({seen_left}, {seen_right}), ElementsAre(seen_right));
    EXPECT_THAT(merge({{{85, 10, 95, 30}, 1, 0.9F}}, {seen_right}), testing::SizeIs(1));
}

TEST_P(Seam, APieceGivesWayToTheWholeWhateverItsScore) {
    const Detection whole{{90, 10, 120, 30}, 1, 0.6F};
    const Detection piece{{90, 10, 100, 30}, 1, 0.99F};
    const auto found = merge({piece}, {whole});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].box, whole.box);
    // Two things that only touch are two.
    EXPECT_THAT(merge({{{60, 10, 90, 30}, 1, 0.99F}}, {whole}), testing::SizeIs(2));
}

TEST_P(Seam, APieceTakenForAnotherClassIsDropped) {
    // The right tile sees the place 18 pixels from its border and found something else there, or nothing.
    const Detection piece{{98, 10, 100, 30}, 2, 0.99F};
    EXPECT_TRUE(merge({piece}, {}).empty());
}

TEST_P(Seam, ClassesAreNotMixed) {
    const Detection left{{86, 10, 94, 30}, 1, 0.7F};
    const Detection right{{86, 10, 94, 30}, 2, 0.8F};
    EXPECT_THAT(merge({left}, {right}), ElementsAre(right, left));
}

TEST_P(Seam, ATileTellsItsOwnObjectsApart) {
    // One inside the other, as the model's own suppression left them; both tiles see both.
    const Detection outer{{84, 10, 96, 40}, 1, 0.9F};
    const Detection inner{{86, 20, 94, 30}, 1, 0.8F};
    EXPECT_THAT(merge({outer, inner}, {}), ElementsAre(outer, inner));
    EXPECT_THAT(merge({outer, inner}, {outer, inner}), ElementsAre(outer, inner));
}

TEST_P(Seam, TwoBoxesOfATileForWhatAnotherSeesAsOneAreOne) {
    const Detection one{{84, 10, 96, 50}, 1, 0.9F};
    // The right tile put two boxes on it that overlap each other by 11 of 40, and the one by 26 and 25 of 40.
    const Detection lower{{84, 24, 96, 50}, 1, 0.8F};
    const Detection upper{{84, 10, 96, 35}, 1, 0.4F};
    EXPECT_THAT(merge({one}, {lower, upper}), ElementsAre(one));
}

TEST(SeamOfPieces, IosJoinsWhatIsLargerThanTheOverlap) {
    const std::vector<PixelRect> tiles{{0, 0, 100, 100}, {80, 0, 100, 100}};
    const std::vector<ImageResult> found{{{{{40, 10, 100, 30}, 1, 0.7F}}}, {{{{0, 10, 60, 30}, 1, 0.9F}}}};
    // 60 of each, 20 in common: a third of the smaller one. Below one half, they stay two.
    EXPECT_EQ(merge_tiles(tiles, found, 180, 100, TileMerge::ios).detections.size(), 2U);
    const std::vector<ImageResult> longer{{{{{70, 10, 100, 30}, 1, 0.7F}}}, {{{{0, 10, 30, 30}, 1, 0.9F}}}};
    const auto joined = merge_tiles(tiles, longer, 180, 100, TileMerge::ios).detections;
    ASSERT_EQ(joined.size(), 1U);
    EXPECT_EQ(joined[0], (Detection{{70, 10, 110, 30}, 1, 0.9F}));
}

/// A detector of perfect eyesight: it finds what lies in its view, cut off where the view ends.
class Scene {
public:
    Scene(int width, int height, int count, float largest) : width_(width), height_(height) {
        std::mt19937 random(11);
        const auto uniform = [&](float low, float high) { return std::uniform_real_distribution(low, high)(random); };
        for (int i = 0; i < count; ++i) {
            const float w = uniform(10.0F, largest);
            const float h = uniform(10.0F, largest);
            const float x = uniform(0.0F, static_cast<float>(width) - w);
            const float y = uniform(0.0F, static_cast<float>(height) - h);
            const Detection object{{x, y, x + w, y + h}, i % 3 + 1, uniform(0.5F, 1.0F)};
            const bool apart = std::ranges::all_of(objects_, [&](const Detection& other) {
                return intersection_over_union(object.box, other.box) == 0.0;
            });
            if (apart) objects_.push_back(object);
        }
    }

    [[nodiscard]] ImageResult look(const ImageView& view) const {
        // The view is a part of pixels_, which tells where it lies.
        const auto offset = static_cast<int>(static_cast<const std::byte*>(view.pixels) - pixels_.data());
        const auto x = static_cast<float>(offset % width_);
        const auto y = static_cast<float>(offset / width_);
        const auto w = static_cast<float>(view.width);
        const auto h = static_cast<float>(view.height);
        ImageResult result;
        for (const Detection& object : objects_) {
            Detection seen = object;
            seen.box = {std::clamp(object.box.x1 - x, 0.0F, w), std::clamp(object.box.y1 - y, 0.0F, h),
                        std::clamp(object.box.x2 - x, 0.0F, w), std::clamp(object.box.y2 - y, 0.0F, h)};
            if (seen.box.x2 - seen.box.x1 > 3.0F && seen.box.y2 - seen.box.y1 > 3.0F) result.detections.push_back(seen);
        }
        std::ranges::stable_sort(result.detections, std::greater(), &Detection::score);
        return result;
    }

    [[nodiscard]] std::vector<ImageResult> look(std::span<const ImageView> views) const {
        std::vector<ImageResult> results;
        for (const ImageView& view : views) results.push_back(look(view));
        return results;
    }

    [[nodiscard]] ImageView view() const {
        return {pixels_.data(), width_, height_, static_cast<std::size_t>(width_), PixelFormat::grey8};
    }
    [[nodiscard]] const std::vector<Detection>& objects() const { return objects_; }

private:
    int width_;
    int height_;
    std::vector<Detection> objects_;
    std::vector<std::byte> pixels_ =
        std::vector<std::byte>(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_));
};

TEST(RunTiled, EveryObjectUpToTheOverlapIsFoundOnce) {
    const Scene scene(2000, 1500, 600, 60.0F);
    ASSERT_GT(scene.objects().size(), 300U);
    for (const TileMerge merge : {TileMerge::nms, TileMerge::ios}) {
        std::size_t most = 0;
        const auto found = run_tiled(scene.view(), {.tile = 320, .overlap = 0.25, .merge = merge}, {},
                                     [&](std::span<const ImageView> views) -> Result<std::vector<ImageResult>> {
                                         most = std::max(most, views.size());
                                         return scene.look(views);
                                     });
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(found->detections.size(), scene.objects().size());
        const auto report = match_detections(scene.objects(), found->detections, {.min_iou = 0.99});
        EXPECT_EQ(report.unmatched, 0);
        EXPECT_LE(most, 8U) << "tiles at a time: memory is to be bounded";
        EXPECT_GT(most, 1U) << "tiles are to be batched";
    }
}

TEST(RunTiled, OnAPanelEveryObjectUpToHalfTheOverlapIsFoundOnce) {
    // Half of a strip is 40 pixels. Of what ends within 6 pixels of a border nobody knows whether it is cut.
    const Scene scene(1920, 1600, 600, 28.0F);
    ASSERT_GT(scene.objects().size(), 300U);
    // A network that scales the longer side to 512.
    const auto stride = [](int width, int height) { return std::max(width, height) / 16.0; };
    for (const TileMerge merge : {TileMerge::nms, TileMerge::ios}) {
        std::int64_t most = 0;
        const auto found = run_tiled(scene.view(), {.tile = 320, .overlap = 0.25, .merge = merge}, stride,
                                     [&](std::span<const ImageView> views) -> Result<std::vector<ImageResult>> {
                                         std::int64_t pixels = 0;
                                         for (const ImageView& view : views) {
                                             EXPECT_EQ(view.width, views[0].width);
                                             EXPECT_EQ(view.height, views[0].height);
                                             pixels += std::int64_t{view.width} * view.height;
                                         }
                                         most = std::max(most, pixels);
                                         return scene.look(views);
                                     });
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(found->detections.size(), scene.objects().size());
        const auto report = match_detections(scene.objects(), found->detections, {.min_iou = 0.99});
        EXPECT_EQ(report.unmatched, 0);
        EXPECT_LE(most, 2 * 320 * 320) << "memory is to be bounded by tiles";
    }
}

TEST(MergeTiles, CrowdedScansTakeNoLongerPerObject) {
    // 900 tiles of 100 objects: comparing each with all others would take many seconds.
    const auto tiles = tile_layout(16000, 16000, {.tile = 640});
    ASSERT_TRUE(tiles.ok());
    std::mt19937 random(3);
    const auto uniform = [&](float low, float high) { return std::uniform_real_distribution(low, high)(random); };
    std::vector<ImageResult> found(tiles->size());
    for (ImageResult& tile : found) {
        for (int i = 0; i < 100; ++i) {
            const float x = uniform(0.0F, 600.0F);
            const float y = uniform(0.0F, 600.0F);
            tile.detections.push_back(
                {{x, y, x + uniform(5.0F, 40.0F), y + uniform(5.0F, 40.0F)}, 1, uniform(0.1F, 1.0F)});
        }
    }
    const std::clock_t begin = std::clock();
    EXPECT_GT(merge_tiles(*tiles, found, 16000, 16000, TileMerge::ios).detections.size(), 70'000U);
    EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC); // a fifth of that here, on one core
}

TEST(MergeTiles, ManySmallTilesTakeNoLongerPerTile) {
    // 350000 tiles: comparing each with all others would take minutes.
    const auto tiles = tile_layout(16000, 16000, {.tile = 32});
    ASSERT_TRUE(tiles.ok());
    std::vector<ImageResult> found(tiles->size());
    found.front().detections.push_back({{5, 5, 10, 10}, 1, 0.5F});
    const std::clock_t begin = std::clock();
    EXPECT_EQ(merge_tiles(*tiles, found, 16000, 16000, TileMerge::ios).detections.size(), 1U);
    EXPECT_LT(std::clock() - begin, 10 * CLOCKS_PER_SEC); // a twentieth of that here, on one core
}

TEST(RunTiled, ErrorsComeThrough) {
    const Scene scene(500, 500, 1, 20.0F);
    const auto found = run_tiled(scene.view(), {.tile = 320}, {}, [](auto) -> Result<std::vector<ImageResult>> {
        return Error{ErrorCode::resource_limit, "no memory"};
    });
    EXPECT_EQ(found.error().message, "no memory");
    EXPECT_FALSE(run_tiled(scene.view(), {.tile = 3}, {}, [](auto) -> Result<std::vector<ImageResult>> {
                     return std::vector<ImageResult>();
                 }).ok());
}

} // namespace
} // namespace detect
