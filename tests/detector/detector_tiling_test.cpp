// SPDX-License-Identifier: Apache-2.0
// Tiling through the public interface: which pictures are tiled, what they give, and the memory limit.

#include "detector/detector_from_graph.h"
#include "detector/tiling.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t megabyte = 1'000'000;

/// What tiles at these places give, put together.
std::vector<Detection> by_hand(const Pixels& picture, std::span<const PixelRect> tiles, TileMerge merge,
                               const Scale& scale = {}) {
    const Detector detector = tiny_detector({}, scale);
    std::vector<ImageResult> found;
    for (const PixelRect& tile : tiles)
        found.push_back(require(detector.run(crop(picture, tile.x, tile.y, tile.width, tile.height).view())));
    return merge_tiles(tiles, found, picture.width, picture.height, merge).detections;
}

TEST(DetectorTiling, LargePicturesAreLookedAtInTilesAndOthersAreNot) {
    const Pixels large = noise(500, 300, 1);
    const Pixels wide = noise(193, 100, 2);
    const Pixels small = noise(192, 150, 3);
    for (const TileMerge merge : {TileMerge::ios, TileMerge::nms}) {
        const TilingOptions tiling{.tile = 192, .overlap = 0.25, .merge = merge};
        const Detector detector = tiny_detector({.tiling = tiling});
        const std::vector<ImageView> views{large.view(), small.view(), wide.view(), small.view()};
        const auto found = require(detector.run(views));
        // Pictures are scaled to 96 on the shorter side unless the longer passes 192; a stride of 32 is 64 pixels of a
        // tile of 192×192, and 32 / 0.96 of one of 192×100.
        const auto tiles = require(tile_layout(500, 300, tiling, [](int, int) { return 64.0; }));
        ASSERT_EQ(tiles.size(), 8U);
        EXPECT_EQ(tiles[1].x, 128);
        EXPECT_EQ(found[0].detections, by_hand(large, tiles, merge));
        EXPECT_EQ(found[2].detections,
                  by_hand(wide, require(tile_layout(193, 100, tiling, [](int, int) { return 100.0 / 3.0; })), merge));
        const auto whole = require(tiny_detector().run(small.view())).detections;
        EXPECT_EQ(found[1].detections, whole);
        EXPECT_EQ(found[3].detections, whole);
        EXPECT_NE(found[0].detections, require(tiny_detector().run(large.view())).detections);
    }
}

TEST(DetectorTiling, BoardsOfAPanelGiveWhatTheyGiveAlone) {
    constexpr int board = 192;
    const Pixels picture = noise(3 * board, 2 * board, 4);
    const TilingOptions tiling{.tile = board, .overlap = 0.3};
    // A tile is not scaled, and a strip is not if it is 288 pixels long.
    const Scale scale{192, 288};
    const auto found = require(tiny_detector({.tiling = tiling}, scale).run(picture.view())).detections;
    const auto stride = [](int width, int height) {
        return 32.0 / std::min(192.0 / std::min(width, height), 288.0 / std::max(width, height));
    };
    const auto tiles = require(tile_layout(picture.width, picture.height, tiling, stride));
    EXPECT_GT(std::ranges::count(tiles, 288, &PixelRect::width), 0);
    EXPECT_EQ(found, by_hand(picture, tiles, tiling.merge, scale));

    const Detector alone = tiny_detector({}, scale);
    int sure = 0;
    for (int y = 0; y < picture.height; y += board) {
        for (int x = 0; x < picture.width; x += board) {
            for (Detection detection : require(alone.run(crop(picture, x, y, board, board).view())).detections) {
                Box& box = detection.box;
                // What lies deep inside a board no strip sees.
                if (std::min({box.x1, box.y1, board - box.x2, board - box.y2}) < 33.0F) continue;
                const auto dx = static_cast<float>(x);
                const auto dy = static_cast<float>(y);
                box = {box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy};
                EXPECT_THAT(found, testing::Contains(detection));
                ++sure;
            }
        }
    }
    EXPECT_GT(sure, 5);
}

TEST(DetectorTiling, WhatWouldPassTheMemoryLimitIsTiledIfTilingIsOn) {
    const Pixels fits = noise(300, 200, 1);
    // Scaled to 2400 x 96.
    const Pixels large = noise(2500, 100, 2);
    const Scale scale{96, 4000};
    constexpr std::size_t limit = 4 * megabyte;
    const auto refused = tiny_detector({.threads = 1, .memory_limit = limit}, scale).run(large.view());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);

    const auto with = [&](TileWhen when) {
        return tiny_detector({.threads = 1, .memory_limit = limit, .tiling = TilingOptions{.tile = 256, .when = when}},
                             scale);
    };
    const Detector always = with(TileWhen::larger_than_a_tile);
    const Detector if_needed = with(TileWhen::beyond_memory_limit);
    const auto found = require(if_needed.run(large.view())).detections;
    EXPECT_GT(found.size(), 10U);
    EXPECT_EQ(found, require(always.run(large.view())).detections);
    EXPECT_LE(if_needed.memory_use().peak, limit);
    EXPECT_LE(always.memory_use().peak, limit);
    // What fits is left whole by one and not by the other.
    const auto whole = require(tiny_detector({}, scale).run(fits.view())).detections;
    EXPECT_EQ(require(if_needed.run(fits.view())).detections, whole);
    EXPECT_NE(require(always.run(fits.view())).detections, whole);
}

TEST(DetectorTiling, TilesThatPassTheLimitThemselvesAreRefused) {
    const Detector detector = tiny_detector(
        {.threads = 1, .memory_limit = 8 * megabyte, .tiling = TilingOptions{.tile = 1900}}, {1900, 1900});
    const auto refused = detector.run(noise(2500, 2000, 2).view());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(refused.error().message, HasSubstr("1900x1900"));
}

TEST(DetectorTiling, MakesNoDifferenceToThreadsAndRepetition) {
    const Pixels picture = noise(900, 700, 5);
    const auto with = [](int threads) {
        return tiny_detector({.threads = threads, .tiling = TilingOptions{.tile = 200}});
    };
    const Detector one = with(1);
    const Detector four = with(4);
    const auto expected = require(one.run(picture.view())).detections;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(require(four.run(picture.view())).detections, expected);
}

TEST(DetectorTiling, OptionsThatMakeNoSenseAreRefusedAtOnce) {
    for (const TilingOptions& tiling : {TilingOptions{.tile = 31}, TilingOptions{.overlap = 0.95},
                                        TilingOptions{.overlap = -0.1}, TilingOptions{.overlap = std::nan("")}}) {
        const auto refused = detector_from_graph(tiny_graph(), {.tiling = tiling});
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    }
}

} // namespace
} // namespace detect::test
