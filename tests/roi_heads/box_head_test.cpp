// SPDX-License-Identifier: Apache-2.0
// The box head with weights simple enough to follow by hand.

#include "roi_heads/box_head.h"

#include "executor/reference/interpreter.h"
#include "tests/support/require.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;

constexpr std::int64_t classes = 3;
constexpr std::int64_t pooled = std::int64_t{256} * 7 * 7;

using Tensors = std::map<std::string, Tensor, std::less<>>;

/// All weights and biases zero.
Tensors zeros() {
    Tensors tensors;
    const auto add = [&](const std::string& layer, std::int64_t in, std::int64_t out) {
        tensors["roi_heads." + layer + ".weight"] = require(Tensor::create(DataType::float32, {out, in}));
        tensors["roi_heads." + layer + ".bias"] = require(Tensor::create(DataType::float32, {out}));
    };
    add("box_head.fc6", pooled, 1024);
    add("box_head.fc7", 1024, 1024);
    add("box_predictor.cls_score", 1024, classes);
    add("box_predictor.bbox_pred", 1024, 4 * classes);
    return tensors;
}

float& element(Tensors& tensors, const std::string& name, std::size_t index) {
    return tensors.find("roi_heads." + name)->second.mutable_data<float>()[index];
}

struct Predicted {
    Tensor scores;
    Tensor deltas;
};

/// `map`: [batch, 256, h, w]; `boxes`: [R, 4] in resized pixels; `image`: [R].
Predicted predict(const Tensors& tensors, const Tensor& map, const Tensor& boxes, const Tensor& image) {
    const ParameterMap parameters(tensors);
    GraphBuilder b(parameters);
    const ValueId map_input = b.input("map", DataType::float32, {"batch", 256, "h", "w"});
    const ValueId box_input = b.input("boxes", DataType::float32, {"rois", 4});
    const ValueId image_input = b.input("image", DataType::int64, {"rois"});
    const Proposals proposals{.boxes = box_input, .image = image_input, .image_and_slot = {}, .slots = {}};
    const BoxPredictions predictions = add_box_head(b, map_input, proposals, classes);
    b.output("scores", predictions.scores, std::nullopt);
    b.output("deltas", predictions.deltas, std::nullopt);
    const Graph graph = require(b.finish());
    auto outputs = require(interpret(graph, std::vector<Tensor>{map, boxes, image}));
    return {outputs[0], outputs[1]};
}

/// A map of 4×4 where channel c of picture n is c + 1000 n everywhere.
Tensor flat_maps(std::int64_t batch) {
    Tensor map = require(Tensor::create(DataType::float32, {batch, 256, 4, 4}));
    const auto values = map.mutable_data<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(i / 16 % 256 + 1000 * (i / (16 * 256)));
    return map;
}

std::vector<float> values(const Tensor& tensor) { return {tensor.data<float>().begin(), tensor.data<float>().end()}; }

TEST(BoxHead, BiasesAloneGiveTheirSoftmaxWithoutTheBackground) {
    Tensors tensors = zeros();
    element(tensors, "box_predictor.cls_score.bias", 1) = std::log(2.0F);
    element(tensors, "box_predictor.cls_score.bias", 2) = std::log(5.0F);
    for (std::size_t i = 0; i < 12; ++i) element(tensors, "box_predictor.bbox_pred.bias", i) = static_cast<float>(i);
    const Predicted predicted =
        predict(tensors, flat_maps(1), Tensor::of<float>({2, 4}, {0, 0, 64, 64, 32, 32, 96, 96}),
                Tensor::of<std::int64_t>({2}, {0, 0}));
    // exp of (0, log 2, log 5) is (1, 2, 5), of 8 in all.
    EXPECT_EQ(to_string(predicted.scores.dims()), "[2, 2]");
    EXPECT_THAT(values(predicted.scores), ElementsAre(FloatNear(0.25F, 1e-6F), FloatNear(0.625F, 1e-6F),
                                                      FloatNear(0.25F, 1e-6F), FloatNear(0.625F, 1e-6F)));
    // Four deltas a class; those of the background (0 to 3) are left out.
    EXPECT_EQ(to_string(predicted.deltas.dims()), "[2, 2, 4]");
    EXPECT_THAT(values(predicted.deltas), ElementsAre(4, 5, 6, 7, 8, 9, 10, 11, 4, 5, 6, 7, 8, 9, 10, 11));
}

TEST(BoxHead, OnePathFromThePooledMapToADelta) {
    Tensors tensors = zeros();
    // Unit 5 of fc6 takes channel 3, bin (2, 4), doubled; unit 9 of fc7 takes that plus 1; delta 6 takes that,
    // negative.
    element(tensors, "box_head.fc6.weight", 5 * pooled + 3 * 49 + 2 * 7 + 4) = 2.0F;
    element(tensors, "box_head.fc7.weight", 9 * 1024 + 5) = 1.0F;
    element(tensors, "box_head.fc7.bias", 9) = 1.0F;
    element(tensors, "box_predictor.bbox_pred.weight", 6 * 1024 + 9) = -1.0F;
    const Tensor boxes = Tensor::of<float>({2, 4}, {0, 0, 96, 96, 16, 16, 64, 64});
    const Predicted predicted = predict(tensors, flat_maps(2), boxes, Tensor::of<std::int64_t>({2}, {0, 1}));
    // Picture 0: channel 3 is 3, 2·3 + 1 = 7. Picture 1: 1003, 2·1003 + 1 = 2007. Delta 6 is the third of class 1.
    EXPECT_THAT(values(predicted.deltas), ElementsAre(0, 0, -7, 0, 0, 0, 0, 0, 0, 0, -2007, 0, 0, 0, 0, 0));
}

TEST(BoxHead, BothHiddenLayersAreRectified) {
    Tensors tensors = zeros();
    element(tensors, "box_head.fc6.bias", 0) = -4.0F;
    element(tensors, "box_head.fc7.weight", 0) = -1.0F; // would turn −4 into 4
    element(tensors, "box_head.fc7.bias", 1) = -3.0F;
    element(tensors, "box_predictor.bbox_pred.weight", 4 * 1024 + 0) = 1.0F;
    element(tensors, "box_predictor.bbox_pred.weight", 5 * 1024 + 1) = 1.0F;
    const Predicted predicted =
        predict(tensors, flat_maps(1), Tensor::of<float>({1, 4}, {0, 0, 64, 64}), Tensor::of<std::int64_t>({1}, {0}));
    EXPECT_THAT(values(predicted.deltas), testing::Each(0.0F));
}

TEST(BoxHead, ABoxIsPooledAtAThirtySecondOfItsSize) {
    Tensors tensors = zeros();
    // The mean over the 49 bins of channel 0.
    for (std::size_t bin = 0; bin < 49; ++bin) element(tensors, "box_head.fc6.weight", bin) = 1.0F / 49.0F;
    element(tensors, "box_head.fc7.weight", 0) = 1.0F;
    element(tensors, "box_predictor.bbox_pred.weight", 4 * 1024) = 1.0F;
    Tensor ramp = require(Tensor::create(DataType::float32, {1, 256, 8, 8}));
    for (std::size_t i = 0; i < 64; ++i) ramp.mutable_data<float>()[i] = static_cast<float>(i % 8 + 10 * (i / 8));
    // Pixels 64 to 160 are columns 2 to 5 of the map, whose middle is 3.5; rows 1 to 3, middle 2. Not aligned: no half
    // pixel is taken off. The map is linear, so the mean is its value there: 3.5 + 10 · 2 = 23.5.
    const Predicted predicted =
        predict(tensors, ramp, Tensor::of<float>({1, 4}, {64, 32, 160, 96}), Tensor::of<std::int64_t>({1}, {0}));
    EXPECT_NEAR(values(predicted.deltas)[0], 23.5F, 1e-4F);
}

TEST(BoxHead, NoProposalsGiveNoRows) {
    const Predicted predicted =
        predict(zeros(), flat_maps(2), Tensor::of<float>({0, 4}, {}), Tensor::of<std::int64_t>({0}, {}));
    EXPECT_EQ(to_string(predicted.scores.dims()), "[0, 2]");
    EXPECT_EQ(to_string(predicted.deltas.dims()), "[0, 2, 4]");
}

TEST(BoxHead, NamesTheTensorsThatAreMissing) {
    const ParameterMap parameters(Tensors{{"roi_heads.box_head.fc6.weight", Tensor::of<float>({1}, {0})}});
    GraphBuilder b(parameters);
    const ValueId map = b.input("map", DataType::float32, {"batch", 256, "h", "w"});
    const Proposals proposals{.boxes = b.input("boxes", DataType::float32, {"rois", 4}),
                              .image = b.input("image", DataType::int64, {"rois"}),
                              .image_and_slot = {},
                              .slots = {}};
    b.output("scores", add_box_head(b, map, proposals, classes).scores, std::nullopt);
    const auto graph = b.finish();
    ASSERT_FALSE(graph.ok());
    EXPECT_THAT(graph.error().message,
                testing::AllOf(testing::HasSubstr("roi_heads.box_head.fc6.weight is [1], expected [1024, 12544]"),
                               testing::HasSubstr("7 missing"), testing::HasSubstr("roi_heads.box_head.fc7.weight")));
}

} // namespace
} // namespace detect::test
