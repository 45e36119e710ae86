// SPDX-License-Identifier: Apache-2.0
#include "graph/geometry.h"

#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace detect::test {

namespace {

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

/// Python's slicing, written out.
std::vector<std::int64_t> naive_slice(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
    if (start < 0) start += size;
    if (end < 0) end += size;
    if (step > 0) {
        start = std::min(std::max<std::int64_t>(start, 0), size);
        end = std::min(std::max<std::int64_t>(end, 0), size);
    } else {
        start = std::min(std::max<std::int64_t>(start, -1), size - 1);
        end = std::min(std::max<std::int64_t>(end, -1), size - 1);
    }
    std::vector<std::int64_t> taken;
    for (std::int64_t i = start; step > 0 ? i < end : i > end; i += step) taken.push_back(i);
    return taken;
}

TEST(Slice, TakesWhatPythonTakes) {
    for (std::int64_t size = 0; size <= 4; ++size) {
        for (std::int64_t start = -6; start <= 6; ++start) {
            for (std::int64_t end = -6; end <= 6; ++end) {
                for (const std::int64_t step : {-3, -2, -1, 1, 2, 3}) {
                    const SliceRange range = resolve_slice(start, end, step, size);
                    std::vector<std::int64_t> taken;
                    for (std::int64_t i = 0; i < range.count; ++i) taken.push_back(range.start + i * range.step);
                    EXPECT_EQ(taken, naive_slice(start, end, step, size))
                        << start << ':' << end << ':' << step << " of " << size;
                }
            }
        }
    }
}

TEST(Slice, ExtremesStayInside) {
    for (const std::int64_t start : {lowest, highest, std::int64_t{0}}) {
        for (const std::int64_t end : {lowest, highest, std::int64_t{0}}) {
            for (const std::int64_t step : {lowest, highest, std::int64_t{1}, std::int64_t{-1}}) {
                const SliceRange range = resolve_slice(start, end, step, 5);
                EXPECT_GE(range.count, 0);
                EXPECT_LE(range.count, 5);
                if (range.count == 0) continue;
                EXPECT_GE(range.start, 0);
                EXPECT_LT(range.start, 5);
            }
        }
    }
}

std::int64_t count(const Window& window, std::int64_t size, bool ceil_mode = false) {
    return window_count(window, size, ceil_mode).value_or(-1);
}

TEST(Window, CountsPositions) {
    // floor((size + padding − span) / stride) + 1
    EXPECT_EQ(count({.kernel = 3, .stride = 2, .dilation = 1, .pad_begin = 1, .pad_end = 1}, 800), 400);
    EXPECT_EQ(count({.kernel = 3, .stride = 2, .dilation = 1, .pad_begin = 1, .pad_end = 1}, 7), 4);
    EXPECT_EQ(count({.kernel = 1, .stride = 2, .dilation = 1, .pad_begin = 0, .pad_end = 0}, 25), 13);
    // A kernel of 3 with dilation 2 spans 5.
    EXPECT_EQ(count({.kernel = 3, .stride = 1, .dilation = 2, .pad_begin = 0, .pad_end = 0}, 5), 1);
    EXPECT_EQ(count({.kernel = 3, .stride = 1, .dilation = 2, .pad_begin = 0, .pad_end = 0}, 4), -1);
    EXPECT_EQ(count({.kernel = highest, .stride = 1, .dilation = 3, .pad_begin = 0, .pad_end = 0}, 4), -1);
}

TEST(Window, CeilModeLetsTheLastOneHangOver) {
    const Window window{.kernel = 3, .stride = 2, .dilation = 1, .pad_begin = 0, .pad_end = 0};
    EXPECT_EQ(count(window, 6), 2);
    EXPECT_EQ(count(window, 6, true), 3);
    // But not if it would start behind the data: of size 4, a third window of 2 would start at 4, in the padding.
    EXPECT_EQ(count({.kernel = 2, .stride = 2, .dilation = 1, .pad_begin = 0, .pad_end = 1}, 4, true), 2);
}

TEST(Window, SamePaddingKeepsTheSizeOverTheStride) {
    // Ceil(5 / 2) = 3 windows of 3 need 7 elements: two of padding, one on each side.
    const Window even = resolve_padding({.kernel = 3, .stride = 2}, AutoPad::same_upper, 5);
    EXPECT_EQ(even.pad_begin, 1);
    EXPECT_EQ(even.pad_end, 1);
    // Two windows of 2 over 3 need 4: the odd one goes to the end, or (lower) to the beginning.
    EXPECT_EQ(resolve_padding({.kernel = 2, .stride = 2}, AutoPad::same_upper, 3).pad_end, 1);
    EXPECT_EQ(resolve_padding({.kernel = 2, .stride = 2}, AutoPad::same_lower, 3).pad_begin, 1);
    EXPECT_EQ(resolve_padding({.kernel = 3, .stride = 1, .dilation = 1, .pad_begin = 9}, AutoPad::valid, 5).pad_begin,
              0);
}

TEST(ScaledSize, RoundsDownInFloat32) {
    EXPECT_EQ(scaled_size(4, 0.6F), 2);
    EXPECT_EQ(scaled_size(7, 2.0F), 14);
    EXPECT_EQ(scaled_size(10, 1.0F, 0.5F), 5);
    EXPECT_EQ(scaled_size(4, 0.0F), std::nullopt);
    EXPECT_EQ(scaled_size(4, -1.0F), std::nullopt);
    EXPECT_EQ(scaled_size(4, std::numeric_limits<float>::quiet_NaN()), std::nullopt);
    EXPECT_EQ(scaled_size(highest, 3.0e38F), std::nullopt);
}

} // namespace

} // namespace detect::test
