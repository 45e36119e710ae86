// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"
#include "graph/builder.h"
#include "rpn/anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;

std::vector<float> row(const Tensor& table, std::size_t index) {
    const auto values = table.data<float>().subspan(4 * index, 4);
    return {values.begin(), values.end()};
}

/// Anchors for a padded picture and a feature map of the given sizes.
Tensor anchors(std::int64_t height, std::int64_t width, std::int64_t rows, std::int64_t columns,
               const AnchorSettings& settings) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    const ValueId images = b.input("images", DataType::float32, {"batch", 3, "h", "w"});
    const ValueId map = b.input("map", DataType::float32, {"batch", 1, "rows", "columns"});
    b.output("anchors", add_anchors(b, images, map, settings), std::nullopt);
    auto graph = b.finish();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    const std::vector<Tensor> inputs{Tensor::create(DataType::float32, {1, 3, height, width}).value(),
                                     Tensor::create(DataType::float32, {1, 1, rows, columns}).value()};
    auto outputs = interpret(*graph, inputs);
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return outputs->front();
}

TEST(CellAnchors, AreRatioMajorAndRoundedHalfToEven) {
    // Ratio 0.5: h = sqrt(.5) · s, w = s / sqrt(.5). s = 32: half sides 22.627 / 11.314 → 23, 11.
    // Ratio 1, s = 5: half a side is 2.5, which rounds to 2, not 3.
    const Tensor cells = cell_anchors({.sizes = {32, 5}, .aspect_ratios = {0.5F, 1.0F}});
    ASSERT_EQ(cells.dims(), (Dims{4, 4}));
    EXPECT_THAT(row(cells, 0), ElementsAre(-23.0F, -11.0F, 23.0F, 11.0F));
    EXPECT_THAT(row(cells, 1), ElementsAre(-4.0F, -2.0F, 4.0F, 2.0F)); // 5: 3.536, 1.768
    EXPECT_THAT(row(cells, 2), ElementsAre(-16.0F, -16.0F, 16.0F, 16.0F));
    EXPECT_THAT(row(cells, 3), ElementsAre(-2.0F, -2.0F, 2.0F, 2.0F));
}

TEST(Anchors, GoRowByRowThenColumnThenCell) {
    const AnchorSettings settings{.sizes = {32, 64}, .aspect_ratios = {1.0F}};
    const Tensor table = anchors(64, 96, 2, 3, settings);
    ASSERT_EQ(table.dims(), (Dims{12, 4}));
    EXPECT_THAT(row(table, 0), ElementsAre(-16.0F, -16.0F, 16.0F, 16.0F));
    EXPECT_THAT(row(table, 1), ElementsAre(-32.0F, -32.0F, 32.0F, 32.0F));
    // Second column: 32 to the right. Second row (after 3 columns of 2 anchors): 32 down.
    EXPECT_THAT(row(table, 2), ElementsAre(16.0F, -16.0F, 48.0F, 16.0F));
    EXPECT_THAT(row(table, 6), ElementsAre(-16.0F, 16.0F, 16.0F, 48.0F));
}

TEST(Anchors, StrideIsThePictureDividedByTheGridRoundedDown) {
    // The pool level of an 800-pixel-high picture has 13 rows: 800 / 13 = 61.5 → 61, not 64.
    const Tensor table = anchors(800, 1088, 13, 17, {.sizes = {32}, .aspect_ratios = {1.0F}});
    ASSERT_EQ(table.dims(), (Dims{13 * 17, 4}));
    EXPECT_THAT(row(table, 17), ElementsAre(-16.0F, 45.0F, 16.0F, 77.0F)); // row 1: y = 61
    EXPECT_THAT(row(table, 1), ElementsAre(48.0F, -16.0F, 80.0F, 16.0F));  // column 1: 1088 / 17 = 64
}

} // namespace
} // namespace detect
