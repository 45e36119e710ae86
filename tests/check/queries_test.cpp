// SPDX-License-Identifier: Apache-2.0
// What is known of a graph before a run, and what is read from the outputs of one.

#include "check/graph_queries.h"
#include "check/known_shapes.h"
#include "check/trials.h"
#include "graph/builder.h"
#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using checking::GraphQueries;
using testing::IsEmpty;
using testing::SizeIs;

const ParameterMap no_parameters;

/// Reshape of [n, 7, 4] to the sizes that an exporter computes: [n, 28] by Shape, Gather, Unsqueeze and Concat.
TEST(KnownShapesTest, FollowsSizesThatAreComputedInPart) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"n", 7, 4});
    const ValueId flat = b.reshape(input, b.constant("sizes", Tensor::of<std::int64_t>({2}, {0, 28})));
    const auto size = [&](std::int64_t axis) {
        return b.unsqueeze(b.gather(b.shape_of(flat), b.scalar(axis), 0), {0});
    };
    const ValueId same = b.reshape(b.add(flat, flat), b.concat({size(0), size(1)}, 0));
    b.output("sliced", b.slice(same, 1, 1000, 1), std::nullopt);
    const Graph graph = require(b.finish());
    const Graph known = checking::with_known_shapes(graph);
    const auto& shape = known[known.outputs[0]].shape;
    ASSERT_TRUE(shape);
    ASSERT_THAT(*shape, SizeIs(2));
    EXPECT_FALSE((*shape)[0].size);
    EXPECT_EQ((*shape)[1].size, 27);
}

TEST(GraphQueriesTest, FindsTheSourceByWayOfWhatOnlyMovesNumbers) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"n", 6});
    const ValueId scores = b.node("Softmax", {input}, {{"axis", std::int64_t{1}}});
    const ValueId moved = b.reshape(b.slice(scores, 1, 6, 1), b.constant("rest", Tensor::of<std::int64_t>({1}, {-1})));
    const ValueId changed = b.mul(moved, b.scalar(2.0F));
    b.output("moved", moved, std::nullopt);
    b.output("changed", changed, std::nullopt);
    const Graph graph = require(b.finish());
    const GraphQueries queries(graph);
    ASSERT_NE(queries.source(graph.outputs[0], {"Softmax"}), nullptr);
    EXPECT_EQ(queries.source(graph.outputs[0], {"Softmax", "Slice"})->op, "Slice");
    EXPECT_EQ(queries.source(graph.outputs[1], {"Softmax"}), nullptr);
    EXPECT_EQ(queries.source(graph.outputs[1], {"Mul"})->op, "Mul");
}

TEST(ReadDetectionsTest, InEveryLayout) {
    const Tensor boxes = Tensor::of<float>({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    const Tensor labels = Tensor::of<std::int64_t>({2}, {3, 1});
    const Tensor scores = Tensor::of<float>({2}, {0.9F, 0.2F});
    const auto one = checking::read_detections({boxes, labels, scores});
    ASSERT_THAT(one, SizeIs(1));
    ASSERT_THAT(one[0], SizeIs(2));
    EXPECT_EQ(one[0][0], (Detection{{1, 2, 3, 4}, 3, 0.9F}));
    // torchvision lists the outputs of the pictures of a batch one after the other.
    EXPECT_THAT(checking::read_detections({boxes, labels, scores, boxes, labels, scores}), SizeIs(2));

    const auto batched = checking::read_detections({boxes.reshaped({1, 2, 4}), labels.reshaped({1, 2}),
                                                    scores.reshaped({1, 2}), Tensor::of<std::int64_t>({1}, {1})});
    ASSERT_THAT(batched, SizeIs(1));
    ASSERT_THAT(batched[0], SizeIs(1));
    EXPECT_EQ(batched[0][0].label, 3);
}

TEST(ReadDetectionsTest, RefusesWhatDoesNotFitTogether) {
    const Tensor boxes = Tensor::of<float>({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    const Tensor one_label = Tensor::of<std::int64_t>({1}, {3});
    const Tensor scores = Tensor::of<float>({2}, {0.9F, 0.2F});
    EXPECT_THAT(checking::read_detections({boxes, one_label, scores}), IsEmpty());
    EXPECT_THAT(checking::read_detections({boxes, scores}), IsEmpty());
    EXPECT_THAT(checking::read_detections({scores}), IsEmpty());
    const Tensor labels = Tensor::of<std::int64_t>({2}, {3, 1});
    const auto with_count = [&](std::int64_t count) {
        return checking::read_detections({boxes.reshaped({1, 2, 4}), labels.reshaped({1, 2}), scores.reshaped({1, 2}),
                                          Tensor::of<std::int64_t>({1}, {count})});
    };
    EXPECT_THAT(with_count(2), SizeIs(1));
    EXPECT_THAT(with_count(3), IsEmpty());
    EXPECT_THAT(with_count(-1), IsEmpty());
}

} // namespace
} // namespace detect::test
