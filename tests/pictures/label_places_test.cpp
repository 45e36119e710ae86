// SPDX-License-Identifier: Apache-2.0
#include "pictures/label_places.h"

#include <algorithm>
#include <array>
#include <random>

#include <gtest/gtest.h>

namespace detect {
namespace {

constexpr int width = 400;
constexpr int height = 300;

/// A box of these pixels with a line of 2 pixels around it.
LabelRequest request(int x, int y, int w, int h, PlateSize size = {60, 20}) {
    return {.box = {x, y, w, h}, .frame = {x - 2, y - 2, w + 4, h + 4}, .sizes = {size}, .line_width = 2};
}

/// In pixels.
int shared(const PixelRect& a, const PixelRect& b) {
    const int w = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const int h = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    return std::max(w, 0) * std::max(h, 0);
}

bool overlap(const PixelRect& a, const PixelRect& b) { return shared(a, b) > 0; }

bool inside_of_picture(const PixelRect& rect) {
    return rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= width && rect.y + rect.height <= height;
}

std::vector<std::optional<LabelPlace>> places(const std::vector<LabelRequest>& requests,
                                              Crowded crowded = Crowded::left_out) {
    return place_labels(requests, width, height, crowded);
}

TEST(PlaceLabels, AboveTheFrameWhereThereIsRoom) {
    const auto found = places({request(100, 100, 40, 40)});
    ASSERT_TRUE(found[0]);
    EXPECT_EQ(found[0]->plate, (PixelRect{98, 78, 60, 20}));
    EXPECT_FALSE(found[0]->leader);
}

TEST(PlaceLabels, BelowAtTheUpperBorderAndMovedInAtTheRight) {
    const auto found = places({request(380, 2, 18, 18)});
    ASSERT_TRUE(found[0]);
    EXPECT_EQ(found[0]->plate, (PixelRect{340, 22, 60, 20}));
}

TEST(PlaceLabels, TheNextChoosesAroundTheFirst) {
    const auto found = places({request(100, 100, 40, 40), request(150, 100, 40, 40)});
    ASSERT_TRUE(found[0] && found[1]);
    EXPECT_EQ(found[0]->plate.y, 78);
    EXPECT_EQ(found[1]->plate, (PixelRect{148, 142, 60, 20})) << "above it, the first one's plate is in the way";
}

TEST(PlaceLabels, ASmallerPlateFitsWhereALargeOneDoesNot) {
    // Above the box are 14 rows, below it none; there are boxes on both sides.
    std::vector<LabelRequest> requests{request(100, 16, 60, 10), request(40, 4, 50, 22), request(170, 4, 50, 22)};
    requests[0].sizes = {{60, 24}, {40, 12}};
    const auto found = place_labels(requests, width, 30, Crowded::left_out);
    ASSERT_TRUE(found[0]);
    EXPECT_EQ(found[0]->size, 1U);
    EXPECT_EQ(found[0]->plate, (PixelRect{98, 2, 40, 12}));
}

TEST(PlaceLabels, ALargeBoxHoldsPlatesUpToAShare) {
    // The frame has 304 x 204 pixels; a twentieth of it is 3100, or two plates of 1200 and a part of one.
    std::vector<LabelRequest> requests{request(50, 50, 300, 200)};
    for (int i = 0; i < 4; ++i) requests.push_back(request(70 + 70 * i, 140, 10, 10));
    const auto found = places(requests);
    int hidden = 0;
    for (std::size_t i = 1; i < found.size(); ++i) {
        if (found[i]) hidden += shared(found[i]->plate, requests[0].frame);
        if (found[i] && found[i]->leader) hidden += shared(*found[i]->leader, requests[0].frame);
    }
    EXPECT_GE(hidden, 2 * 1200);
    EXPECT_LE(hidden, 3100 + 200) << "lines count, too, but come last";
}

TEST(PlaceLabels, ALineLeadsToOneThatHasNoRoomBesideItsBox) {
    // Five boxes in a row and others above and below the middle one.
    std::vector<LabelRequest> requests{request(180, 140, 30, 20)};
    for (const int x : {110, 145, 215, 250}) requests.push_back(request(x, 140, 30, 20));
    for (const int x : {145, 180, 215}) requests.push_back(request(x, 170, 30, 20));
    for (const int x : {145, 215}) requests.push_back(request(x, 110, 30, 20));
    const auto found = places(requests);
    ASSERT_TRUE(found[0]);
    ASSERT_TRUE(found[0]->leader);
    const PixelRect& leader = *found[0]->leader;
    EXPECT_EQ(leader.y + leader.height, 138) << "it ends at the frame";
    EXPECT_EQ(found[0]->plate.y + found[0]->plate.height, leader.y) << "and begins at the plate";
    EXPECT_GE(leader.x, found[0]->plate.x);
    EXPECT_LE(leader.x + leader.width, found[0]->plate.x + found[0]->plate.width);
    for (std::size_t i = 1; i < requests.size(); ++i) {
        EXPECT_FALSE(overlap(leader, requests[i].frame)) << i;
        EXPECT_FALSE(overlap(found[0]->plate, requests[i].frame)) << i;
    }
}

TEST(PlaceLabels, WithoutAnyRoomLeftOutOrSqueezedIn) {
    std::vector<LabelRequest> requests;
    for (int y = 4; y < height; y += 24) {
        for (int x = 4; x < width; x += 24) requests.push_back(request(x, y, 18, 18, {20, 12}));
    }
    EXPECT_FALSE(places(requests)[40]);
    for (const auto& place : places(requests, Crowded::squeezed_in)) {
        ASSERT_TRUE(place);
        EXPECT_TRUE(inside_of_picture(place->plate));
    }
}

TEST(PlaceLabels, APlateThatIsLargerThanThePictureHasNoPlace) {
    EXPECT_FALSE(places({request(10, 10, 20, 20, {401, 20})}, Crowded::squeezed_in)[0]);
    EXPECT_FALSE(places({request(10, 10, 20, 20, {20, 301})}, Crowded::squeezed_in)[0]);
}

TEST(PlaceLabels, WhateverLiesWhereNothingIsHidden) {
    std::mt19937 random(7);
    const auto below = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
    for (int round = 0; round < 200; ++round) {
        std::vector<LabelRequest> requests(static_cast<std::size_t>(1 + round / 8));
        for (LabelRequest& each : requests) {
            const std::array n{below(width) - 10, below(height) - 10, 4 + below(30), 4 + below(30)}; // in this order
            each = request(n[0], n[1], n[2], n[3], {45, 14});
        }
        const auto found = places(requests);
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (!found[i]) continue;
            const PixelRect& plate = found[i]->plate;
            ASSERT_TRUE(inside_of_picture(plate));
            for (std::size_t j = 0; j < found.size(); ++j) {
                // These boxes have at most 38 x 38 pixels: a twentieth of that is 72.
                const PixelRect& frame = requests[j].frame;
                ASSERT_LE(shared(plate, frame), frame.width * frame.height / (i == j ? 10 : 20)) << round;
                if (i == j || !found[j]) continue;
                ASSERT_FALSE(overlap(plate, found[j]->plate)) << round;
                ASSERT_FALSE(found[j]->leader && overlap(plate, *found[j]->leader)) << round;
            }
        }
    }
}

TEST(PlaceLabels, TenThousandTakeAMoment) {
    std::vector<LabelRequest> requests;
    requests.reserve(10'000);
    for (int i = 0; i < 10'000; ++i) requests.push_back(request(20 + 160 * (i % 100), 20 + 160 * (i / 100), 30, 30));
    const auto found = place_labels(requests, 16'384, 16'384, Crowded::left_out);
    EXPECT_TRUE(std::ranges::all_of(found, [](const auto& place) { return place && !place->leader; }));
}

} // namespace
} // namespace detect
