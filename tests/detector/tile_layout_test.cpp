// SPDX-License-Identifier: Apache-2.0
#include "detector/tile_layout.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;

/// The stride of a network that scales as torchvision's does.
StrideInPixels scales_to(int smallest, int largest) {
    return [=](int width, int height) {
        return 32.0 / std::min(static_cast<double>(smallest) / std::min(width, height),
                               static_cast<double>(largest) / std::max(width, height));
    };
}

std::vector<PixelRect> layout(int width, int height, const TilingOptions& options = {},
                              const StrideInPixels& stride = {}) {
    const auto tiles = tile_layout(width, height, options, stride);
    EXPECT_TRUE(tiles.ok());
    return tiles.ok() ? *tiles : std::vector<PixelRect>();
}

TEST(TileLayout, APictureNoLargerThanATileIsOne) {
    EXPECT_THAT(layout(640, 640), ElementsAre(PixelRect{0, 0, 640, 640}));
    EXPECT_THAT(layout(300, 200), ElementsAre(PixelRect{0, 0, 300, 200}));
}

TEST(TileLayout, TheLastOneEndsWithThePicture) {
    // 640 and a step of 512: 1152 would do for two, 1153 needs three.
    const TilingOptions options{.tile = 640, .overlap = 0.2};
    EXPECT_THAT(layout(1152, 640, options), ElementsAre(PixelRect{0, 0, 640, 640}, PixelRect{512, 0, 640, 640}));
    EXPECT_THAT(layout(1153, 500, options),
                ElementsAre(PixelRect{0, 0, 640, 500}, PixelRect{512, 0, 640, 500}, PixelRect{513, 0, 640, 500}));
}

TEST(TileLayout, AnyPictureIsCoveredWithTheOverlapAskedFor) {
    std::mt19937 random(5);
    for (int i = 0; i < 300; ++i) {
        const int width = std::uniform_int_distribution(1, 4000)(random);
        const double overlap = std::uniform_real_distribution(0.0, 0.9)(random);
        const int tile = std::uniform_int_distribution(32, 900)(random);
        const auto tiles = layout(width, 20, {.tile = tile, .overlap = overlap});
        EXPECT_EQ(tiles.front().x, 0);
        EXPECT_EQ(tiles.back().x + tiles.back().width, width);
        for (std::size_t t = 1; t < tiles.size(); ++t) {
            EXPECT_EQ(tiles[t].width, tile);
            EXPECT_GT(tiles[t].x, tiles[t - 1].x);
            EXPECT_GE(tiles[t - 1].x + tile - tiles[t].x, static_cast<int>(overlap * tile) - 1);
        }
    }
}

std::set<int> columns(const std::vector<PixelRect>& tiles) {
    std::set<int> columns;
    for (const PixelRect& tile : tiles) columns.insert(tile.x);
    return columns;
}

TEST(TileLayout, TilesLieOnTheNetworksGrid) {
    const auto starts = [](int length, int tile, double overlap, double stride) {
        const auto tiles = tile_layout(length, length, {.tile = tile, .overlap = overlap}, [&](int width, int height) {
            EXPECT_EQ(width, tile);
            EXPECT_EQ(height, tile);
            return stride;
        });
        EXPECT_TRUE(tiles.ok());
        return tiles.ok() ? columns(*tiles) : std::set<int>();
    };
    // 640 scaled to 1024: a stride of 32 is 20 pixels. 0.8 * 640 = 512 is nearest to 26 of them.
    EXPECT_THAT(starts(2000, 640, 0.2, 20.0), ElementsAre(0, 520, 1040, 1360));
    EXPECT_THAT(starts(2000, 640, 0.0, 20.0), ElementsAre(0, 640, 1280, 1360));
    // 640 scaled to 800: 25.6 pixels. 21 of them would be nearest, but 20 are a whole number of pixels: 512.
    EXPECT_THAT(starts(2400, 640, 0.15, 25.6), ElementsAre(0, 512, 1024, 1536, 1760));
    // Where no whole number is near, each start is rounded for itself: of 515.1, 545.4 and 575.7 the first is closest.
    EXPECT_THAT(starts(2400, 640, 0.15, 30.3), ElementsAre(0, 515, 1030, 1545, 1760));
    // Never a gap, and never two tiles of one place: 100 is 3 strides of 30, not 3.3; a stride larger than a tile is
    // one.
    EXPECT_THAT(starts(310, 100, 0.0, 30.0), ElementsAre(0, 90, 180, 210));
    EXPECT_THAT(starts(100, 64, 0.9, 60.0), ElementsAre(0, 36));
}

std::int64_t area(std::span<const PixelRect> tiles) {
    std::int64_t area = 0;
    for (const PixelRect& tile : tiles) area += std::int64_t{tile.width} * tile.height;
    return area;
}

TEST(TileLayout, AtTheUsualOverlapAScanCostsLessThanHalfAsMuchAgain) {
    // The first is a panel, the second is not.
    for (const int side : {16000, 16001}) {
        const auto tiles = tile_layout(side, side, {}, scales_to(1024, 1024));
        ASSERT_TRUE(tiles.ok());
        EXPECT_LT(static_cast<double>(area(*tiles)), 1.46 * side * side);
    }
}

/// Boards, and then the seams' strips.
struct Panel {
    std::vector<PixelRect> boards;
    std::vector<PixelRect> strips;
};

Panel panel(int width, int height, const TilingOptions& options, const StrideInPixels& stride) {
    Panel panel;
    const auto tiles = tile_layout(width, height, options, stride);
    EXPECT_TRUE(tiles.ok());
    if (!tiles.ok()) return panel;
    for (const PixelRect& tile : *tiles) {
        const bool is_board = tile.width == options.tile && tile.height == options.tile;
        EXPECT_TRUE(!is_board || panel.strips.empty()) << "boards come first";
        (is_board ? panel.boards : panel.strips).push_back(tile);
    }
    return panel;
}

TEST(PanelLayout, BoardsLieSideBySideAndStripsOnTheirSeams) {
    // A stride is 20 pixels; 0.2 * 640 = 128 is nearest to 6 of them, 3 before the seam.
    const Panel found = panel(1920, 1280, {.tile = 640, .overlap = 0.2}, scales_to(1024, 1024));
    EXPECT_THAT(found.boards, ElementsAre(PixelRect{0, 0, 640, 640}, PixelRect{640, 0, 640, 640},
                                          PixelRect{1280, 0, 640, 640}, PixelRect{0, 640, 640, 640},
                                          PixelRect{640, 640, 640, 640}, PixelRect{1280, 640, 640, 640}));
    // Upright ones end where those across pass; these overlap by as much as they are wide.
    EXPECT_THAT(found.strips,
                ElementsAre(PixelRect{580, 0, 120, 640}, PixelRect{580, 640, 120, 640}, PixelRect{1220, 0, 120, 640},
                            PixelRect{1220, 640, 120, 640}, PixelRect{0, 580, 640, 120}, PixelRect{520, 580, 640, 120},
                            PixelRect{1040, 580, 640, 120}, PixelRect{1280, 580, 640, 120}));
    // One row of boards has upright seams alone.
    const Panel row = panel(1280, 640, {.tile = 640, .overlap = 0.2}, scales_to(1024, 1024));
    EXPECT_THAT(row.strips, ElementsAre(PixelRect{580, 0, 120, 640}));
}

TEST(PanelLayout, AStripIsScaledAsATileIs) {
    // 640 to 800 is 1.25; a narrow strip is scaled to 1333 on its longer side, so that it has to be 1066 long.
    const StrideInPixels stride = scales_to(800, 1333);
    const Panel found = panel(1920, 1920, {.tile = 640, .overlap = 0.15}, stride);
    ASSERT_FALSE(found.strips.empty());
    for (const PixelRect& strip : found.strips) {
        EXPECT_EQ(std::max(strip.width, strip.height), 1066);
        EXPECT_EQ(std::min(strip.width, strip.height), 102); // 4 strides of 25.6
        EXPECT_NEAR(stride(strip.width, strip.height), stride(640, 640), 0.05);
    }
    // Where a strip would be longer than the picture, or would need more memory than a tile, tiles overlap.
    EXPECT_EQ(columns(layout(1280, 640, {.tile = 640, .overlap = 0.2}, stride)), (std::set{0, 512, 640}));
    EXPECT_EQ(columns(layout(1920, 1920, {.tile = 640, .overlap = 0.9}, stride)).size(), 26U);
}

TEST(PanelLayout, OtherPicturesHaveTilesThatOverlap) {
    const std::set overlapping{0, 520, 640};
    const TilingOptions options{.tile = 640, .overlap = 0.2};
    // Not a whole number of tiles, in one direction or the other; shorter than a tile; scaled as nobody knows.
    EXPECT_EQ(columns(layout(1280, 1281, options, scales_to(1024, 1024))), overlapping);
    EXPECT_EQ(columns(layout(1281, 1280, options, scales_to(1024, 1024))), (std::set{0, 520, 641}));
    EXPECT_EQ(columns(layout(1280, 600, options, scales_to(1024, 1024))).size(), 3U);
    EXPECT_EQ(columns(layout(1280, 1280, options)), (std::set{0, 512, 640}));
    EXPECT_EQ(columns(layout(1280, 1280, options, [](int, int) { return 0.0; })), (std::set{0, 512, 640}));
}

TEST(PanelLayout, WithoutAnOverlapTheBoardsAreAll) {
    // Also where a board is not a whole number of strides: each is a picture of its own.
    EXPECT_THAT(layout(200, 100, {.tile = 100, .overlap = 0.0}, [](int, int) { return 30.0; }),
                ElementsAre(PixelRect{0, 0, 100, 100}, PixelRect{100, 0, 100, 100}));
}

TEST(PanelLayout, WhatIsNoLargerThanHalfAStripIsSeenWhole) {
    std::mt19937 random(7);
    const auto uniform = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    for (const auto& [smallest, largest] : {std::pair{1024, 1024}, std::pair{800, 1333}}) {
        for (int i = 0; i < 100; ++i) {
            const int tile = 32 * uniform(2, 20);
            const int width = tile * uniform(2, 5);
            const int height = tile * uniform(2, 5);
            const double overlap = std::uniform_real_distribution(0.1, 0.4)(random);
            const StrideInPixels stride = scales_to(smallest, largest);
            const auto tiles = layout(width, height, {.tile = tile, .overlap = overlap}, stride);
            const Panel found = panel(width, height, {.tile = tile, .overlap = overlap}, stride);
            if (found.strips.empty()) continue; // overlapping tiles, seen to above
            const int narrow = std::min(found.strips[0].width, found.strips[0].height);
            const int object = (narrow - static_cast<int>(std::ceil(stride(tile, tile)))) / 2;
            for (int k = 0; k < 2000; ++k) {
                // On a seam, an upright one or one across, and anywhere along it.
                int x = uniform(0, width - object);
                int y = uniform(0, height - object);
                int& across = k % 2 == 0 ? x : y;
                across = uniform(1, (k % 2 == 0 ? width : height) / tile - 1) * tile - uniform(0, object);
                EXPECT_TRUE(std::ranges::any_of(tiles,
                                                [&](const PixelRect& t) {
                                                    return x >= t.x && y >= t.y && x + object <= t.x + t.width &&
                                                           y + object <= t.y + t.height;
                                                }))
                    << object << " pixels at " << x << ", " << y << " of " << width << "x" << height << " in tiles of "
                    << tile;
            }
            for (const PixelRect& t : tiles) {
                EXPECT_TRUE(t.x >= 0 && t.y >= 0 && t.x + t.width <= width && t.y + t.height <= height);
            }
        }
    }
}

TEST(TileLayout, RefusesWhatMakesNoSense) {
    for (const TilingOptions& options :
         {TilingOptions{.tile = 31}, TilingOptions{.overlap = -0.1}, TilingOptions{.overlap = 0.95}})
        EXPECT_EQ(tile_layout(100, 100, options).error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(tile_layout(0, 100, {}).ok());
}

} // namespace
} // namespace detect
