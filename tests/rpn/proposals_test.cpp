// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"
#include "graph/builder.h"
#include "rpn/proposals.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;

/// One level: per image and anchor a logit; deltas are zero, so proposals are the anchors themselves.
struct Level {
    std::vector<std::vector<float>> logits;
    std::vector<float> anchors; // 4 per anchor
};

struct Selected {
    std::vector<float> boxes;
    std::vector<std::int64_t> image;
    std::vector<std::int64_t> image_and_slot;
    std::int64_t slots = 0;
};

template <class T>
std::vector<T> values(const Tensor& tensor) {
    return {tensor.data<T>().begin(), tensor.data<T>().end()};
}

Selected select(const std::vector<Level>& levels, const ProposalSettings& settings, float width = 100.0F,
                float height = 100.0F) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    std::vector<RpnLevel> graph_levels;
    std::vector<Tensor> inputs;
    for (const Level& level : levels) {
        const auto count = static_cast<std::int64_t>(level.anchors.size() / 4);
        const auto batch = static_cast<std::int64_t>(level.logits.size());
        const ValueId logits = b.input("logits", DataType::float32, {"batch", Dim()});
        const ValueId deltas = b.input("deltas", DataType::float32, {"batch", Dim(), 4});
        graph_levels.push_back({.output = {.logits = logits, .deltas = deltas},
                                .anchors = b.constant("anchors", Tensor::of<float>({count, 4}, level.anchors))});
        std::vector<float> flat;
        for (const auto& image : level.logits) flat.insert(flat.end(), image.begin(), image.end());
        inputs.push_back(Tensor::of<float>({batch, count}, flat));
        inputs.push_back(Tensor::create(DataType::float32, {batch, count, 4}).value());
    }
    const ValueId limits = b.constant("limits", Tensor::of<float>({4}, {width, height, width, height}));
    const Proposals proposals = add_proposal_selection(b, graph_levels, limits, settings);
    for (const ValueId id : {proposals.boxes, proposals.image, proposals.image_and_slot, proposals.slots}) {
        b.graph().outputs.push_back(id);
    }
    auto graph = b.finish();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    auto outputs = interpret(*graph, inputs);
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return {.boxes = values<float>((*outputs)[0]),
            .image = values<std::int64_t>((*outputs)[1]),
            .image_and_slot = values<std::int64_t>((*outputs)[2]),
            .slots = values<std::int64_t>((*outputs)[3]).at(0)};
}

float logit(float probability) { return std::log(probability / (1.0F - probability)); }

TEST(Proposals, ComeByScoreAndOverlapIsSuppressedWithinALevelOnly) {
    const std::vector<float> same{10, 10, 30, 30};
    const Level first{.logits = {{1.0F, 2.0F}}, .anchors = {10, 10, 30, 30, 10, 10, 30, 31}}; // IoU 20/21
    const Level second{.logits = {{1.5F}}, .anchors = same};
    const Selected selected = select({first, second}, {});
    EXPECT_THAT(selected.boxes, ElementsAre(10, 10, 30, 31, 10, 10, 30, 30));
    EXPECT_EQ(selected.slots, 2);
}

TEST(Proposals, ScoreThresholdIsInclusiveAndSliversGo) {
    // At the very threshold 0.5 (logit 0) a proposal stays. The second is faint, the third 0.0005 pixels wide.
    const Level level{.logits = {{0.0F, logit(0.49F), 3.0F}},
                      .anchors = {0, 0, 10, 10, 20, 20, 40, 40, 50, 50, 50.0005F, 90}};
    const Selected selected = select({level}, {.score_threshold = 0.5F});
    EXPECT_THAT(selected.boxes, ElementsAre(0, 0, 10, 10));
}

TEST(Proposals, AreClippedToThePicture) {
    const Level level{.logits = {{2.0F}}, .anchors = {-10, -20, 300, 40}};
    EXPECT_THAT(select({level}, {}, 100.0F, 30.0F).boxes, ElementsAre(0, 0, 100, 30));
}

TEST(Proposals, TopNCountsBeforeSuppressionPerLevelAndAfterItOverAll) {
    const Level first{.logits = {{1.0F, 3.0F, 2.0F}}, .anchors = {0, 0, 5, 5, 10, 10, 15, 15, 20, 20, 25, 25}};
    const Level second{.logits = {{4.0F}}, .anchors = {30, 30, 35, 35}};
    const Selected two_per_level = select({first, second}, {.pre_nms_top_n = 2});
    EXPECT_THAT(two_per_level.boxes, ElementsAre(30, 30, 35, 35, 10, 10, 15, 15, 20, 20, 25, 25));
    const Selected two_in_all = select({first, second}, {.post_nms_top_n = 2});
    EXPECT_THAT(two_in_all.boxes, ElementsAre(30, 30, 35, 35, 10, 10, 15, 15));
}

TEST(Proposals, EqualLogitsKeepTheLowerAnchor) {
    const Level level{.logits = {{1.0F, 1.0F, 1.0F}}, .anchors = {0, 0, 5, 5, 10, 10, 15, 15, 20, 20, 25, 25}};
    EXPECT_THAT(select({level}, {.pre_nms_top_n = 2}).boxes, ElementsAre(0, 0, 5, 5, 10, 10, 15, 15));
}

TEST(Proposals, ImagesOfABatchDoNotMix) {
    const Level level{.logits = {{1.0F, -9.0F}, {-9.0F, -9.0F}, {2.0F, 3.0F}}, .anchors = {0, 0, 5, 5, 10, 10, 15, 15}};
    const Selected selected = select({level}, {});
    EXPECT_THAT(selected.boxes, ElementsAre(0, 0, 5, 5, 10, 10, 15, 15, 0, 0, 5, 5));
    EXPECT_THAT(selected.image, ElementsAre(0, 2, 2));
    EXPECT_THAT(selected.image_and_slot, ElementsAre(0, 0, 2, 0, 2, 1));
    EXPECT_EQ(selected.slots, 2);
}

TEST(Proposals, NoneAtAllLeaveOneEmptySlot) {
    const Level level{.logits = {{-9.0F}}, .anchors = {0, 0, 5, 5}};
    const Selected selected = select({level}, {});
    EXPECT_TRUE(selected.boxes.empty());
    EXPECT_TRUE(selected.image.empty());
    EXPECT_EQ(selected.slots, 1);
}

} // namespace
} // namespace detect
