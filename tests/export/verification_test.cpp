// SPDX-License-Identifier: Apache-2.0
// The check that stands between an export and its file's name: what it compares, and that it fails when it should.

#include "export/verification.h"

#include "export/checkpoint_graph.h"
#include "graph/builder.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;

std::vector<std::string> inputs(const Verification& verification) {
    std::vector<std::string> result;
    for (const VerificationRow& row : verification.rows) result.push_back(row.input + " " + row.size);
    return result;
}

Graph network(OutputLayout layout) {
    return require(graph_from_checkpoint(bundled_checkpoint(), {.min_size = 192, .max_size = 192}, layout, 17)).graph;
}

TEST(Verification, ComparesThePictureABatchAnotherSizeAndABlankOne) {
    std::vector<std::string> progress;
    const Verification verification = require(verify(network(OutputLayout::batched), drawn_image(200, 160),
                                                     [&](const std::string& line) { progress.push_back(line); }));
    EXPECT_TRUE(verification.passed());
    EXPECT_THAT(inputs(verification),
                ElementsAre("example picture, in a batch 160x200", "its mirror image, in the batch 160x200",
                            "example picture, other size 106x150", "blank picture 160x200"));
    EXPECT_GT(verification.example_detections, 4);
    EXPECT_EQ(verification.rows[0].detections, verification.example_detections);
    EXPECT_EQ(verification.rows[3].detections, 0);
    for (const VerificationRow& row : verification.rows) {
        EXPECT_LT(row.worst_score_difference, 1e-3);
        EXPECT_GT(row.worst_iou, 0.99);
    }
    EXPECT_EQ(progress.size(), 3U);
}

TEST(Verification, ComparesOnePictureAtATimeWhereThereAreNoBatches) {
    const Verification verification =
        require(verify(network(OutputLayout::torchvision), drawn_image(160, 200), [](const std::string&) {}));
    EXPECT_TRUE(verification.passed());
    EXPECT_THAT(inputs(verification),
                ElementsAre("example picture 200x160", "example picture, other size 133x120", "blank picture 200x160"));
}

TEST(Verification, TakesAPictureOfOnePixel) {
    EXPECT_TRUE(require(verify(network(OutputLayout::batched), drawn_image(1, 1), [](const std::string&) {})).passed());
}

/// A network whose score for a picture is the mean of the whole batch: what upstream's export does when it mixes
/// images.
Graph mixing_network() {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId batch = b.size_of(input, 0);
    const auto ones = [&](std::initializer_list<std::int64_t> sizes) { return b.concat({batch, b.vector(sizes)}, 0); };
    // A weight that grows from left to right keeps a picture and its mirror image apart.
    const ValueId left = b.slice(input, 0, 10, 3);
    const ValueId mean =
        b.node("ReduceMean", {left}, {{"axes", std::vector<std::int64_t>{0, 1, 2, 3}}, {"keepdims", std::int64_t{0}}});
    const ValueId score = b.add(b.mul(mean, b.scalar(0.5F)), b.scalar(0.3F));
    b.output("boxes", b.node("Expand", {b.constant("box", Tensor::of<float>({1, 4}, {1, 2, 30, 40})), ones({1, 4})}),
             Shape{"batch", 1, 4});
    b.output("labels", b.node("Expand", {b.constant("label", Tensor::of<std::int64_t>({1}, {1})), ones({1})}),
             Shape{"batch", 1});
    b.output("scores", b.node("Expand", {score, ones({1})}), Shape{"batch", 1});
    b.output("valid_detections", b.node("Expand", {b.constant("count", Tensor::of<std::int64_t>({1}, {1})), batch}),
             Shape{"batch"});
    return require(b.finish());
}

TEST(Verification, FailsIfAPictureGivesSomethingElseInABatch) {
    const Verification verification = require(verify(mixing_network(), drawn_image(60, 80), [](const std::string&) {}));
    EXPECT_FALSE(verification.passed());
    EXPECT_FALSE(verification.rows[0].same_alone);
    EXPECT_FALSE(verification.rows[0].passed());
    // Both engines agree on it: that alone would not have shown it.
    EXPECT_EQ(verification.rows[0].unmatched, 0);
}

TEST(Verification, FailsIfOneRowFails) {
    Verification verification;
    verification.rows.resize(3);
    EXPECT_TRUE(verification.passed());
    verification.rows[1].unmatched = 1;
    EXPECT_FALSE(verification.passed());
}

} // namespace
} // namespace detect::test
