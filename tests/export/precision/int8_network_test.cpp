// SPDX-License-Identifier: Apache-2.0
// Post-training quantisation from pictures to a graph, and what it says about the pictures.

#include "export/precision/int8_network.h"

#include "executor/model.h"
#include "export/checkpoint_graph.h"
#include "export/precision/calibration_warnings.h"
#include "export/precision/layer_errors.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const CheckpointGraph& network() {
    static const CheckpointGraph result = require(
        graph_from_checkpoint(bundled_checkpoint(), {.min_size = 192, .max_size = 192}, OutputLayout::batched, 17));
    return result;
}

/// Drawn pictures of different sizes.
CalibrationPictures drawn_pictures(std::size_t count) {
    return {.count = count, .read = [](std::size_t i) -> Result<Tensor> {
                return as_batch(drawn_image(160 + 8 * static_cast<std::int64_t>(i), 200));
            }};
}

CalibrationPictures flat_pictures(std::size_t count, float value) {
    return {.count = count, .read = [value](std::size_t) -> Result<Tensor> {
                Tensor picture = require(Tensor::create(DataType::float32, {1, 3, 160, 200}));
                std::ranges::fill(picture.mutable_data<float>(), value);
                return picture;
            }};
}

const CalibrationProgress silent = [](const std::string&, std::size_t, std::size_t) {};

TEST(Int8Network, KeepsGatesAndPredictorsInFloatsAndFindsTheSame) {
    std::set<std::string> stages;
    const Int8Network result = require(
        to_int8(network().graph, {.pictures = drawn_pictures(3),
                                  .training = network().training,
                                  .progress = [&](const std::string& stage, std::size_t done, std::size_t total) {
                                      EXPECT_LE(done, total);
                                      stages.insert(stage);
                                  }}));
    EXPECT_THAT(stages, Contains("calibration pictures"));
    EXPECT_THAT(stages, Contains("layers to measure"));

    const Int8Report& report = result.report;
    EXPECT_EQ(report.pictures, 3U);
    EXPECT_GE(report.figures.mean_detections, 1.0);
    EXPECT_EQ(report.figures.flat, 0U);
    std::set<std::string> names;
    for (const LayerSensitivity& layer : report.layers) {
        EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
        EXPECT_TRUE(layer.kind == QuantizableLayer::Kind::hidden || !layer.integers) << layer.name;
        EXPECT_GT(layer.output_error, 0.0) << layer.name;
        EXPECT_LT(layer.output_error, 0.5) << layer.name;
        EXPECT_GT(layer.alone.original, 0U);
    }
    // 46 in the body outside its gates, 4 in the pyramid, 1 in the RPN, 2 in the box head; in gates 16; predictors 4.
    EXPECT_EQ(names.size(), 73U);
    EXPECT_THAT(names, Contains("backbone.body.4.block.1.0"));
    EXPECT_THAT(names, Contains("rpn.head.conv.0.0"));
    EXPECT_GT(report.agreement.found, 0U);
    EXPECT_LT(report.agreement.loss(), 0.2);
    for (const ChosenRange& range : report.ranges) {
        ASSERT_EQ(range.errors.size(), range.candidates.size());
        const double least = *std::ranges::min_element(range.errors);
        EXPECT_EQ(range.errors[range.chosen], least <= 0.8 * range.errors[0] ? least : range.errors[0]);
        EXPECT_LE(range.low, range.high);
    }
    const auto quantized = std::ranges::count(result.graph.nodes, "QuantizeLinear", &Node::op);
    EXPECT_GT(quantized, 40);
    EXPECT_TRUE(calibration_warnings(report, drawn_image(200, 160), {}).size() <= 2); // few pictures, perhaps lost ones
}

/// TensorRT's rules: DequantizeLinear of int8 alone, so biases are floats; zero points 0; weights per output channel.
void expect_what_tensorrt_takes(const Graph& graph) {
    std::size_t weights = 0;
    for (const Node& node : graph.nodes) {
        if (node.op != "DequantizeLinear" && node.op != "QuantizeLinear") continue;
        SCOPED_TRACE(node.name);
        EXPECT_TRUE(graph.is_constant(node.inputs[1]));
        const Tensor& zeros = graph[node.inputs[2]].constant;
        ASSERT_EQ(zeros.type(), DataType::int8);
        EXPECT_THAT(zeros.data<std::int8_t>(), testing::Each(0));
        if (!graph.is_constant(node.inputs[0])) continue;
        const Tensor& integers = graph[node.inputs[0]].constant;
        EXPECT_EQ(integers.type(), DataType::int8);
        EXPECT_EQ(node.int_or("axis", 1), 0);
        EXPECT_EQ(zeros.dims(), Dims{integers.dims()[0]});
        ++weights;
    }
    EXPECT_GT(weights, 40U);
    for (const Node& node : graph.nodes) {
        if (node.op != "Conv" && node.op != "Gemm") continue;
        ASSERT_TRUE(graph.is_constant(node.inputs[2])) << node.name;
        EXPECT_EQ(graph[node.inputs[2]].constant.type(), DataType::float32) << node.name;
    }
}

TEST(Int8Network, PortableKeepsToTensorRtsRulesAndMapsAndTheirMaximaShareOneScale) {
    const Int8Network result = require(to_int8(network().graph, {.activations = ActivationType::symmetric_int8,
                                                                 .pictures = drawn_pictures(1),
                                                                 .training = network().training,
                                                                 .progress = silent}));
    std::map<std::string, float> scales;
    for (const Node& node : result.graph.nodes) {
        if (node.op != "QuantizeLinear") continue;
        scales[result.graph[node.inputs[0]].name] = result.graph[node.inputs[1]].constant.data<float>()[0];
        EXPECT_EQ(result.graph[node.inputs[2]].constant.type(), DataType::int8);
        EXPECT_EQ(result.graph[node.inputs[2]].constant.data<std::int8_t>()[0], 0);
    }
    expect_what_tensorrt_takes(result.graph);
    ASSERT_TRUE(scales.contains("feature_1"));
    EXPECT_EQ(scales["feature_1"], scales["feature_pool"]);
}

TEST(Int8Network, RefusesOldOpsetsNoPicturesAndPicturesThatCannotBeRead) {
    CheckpointGraph old = network();
    old.graph.opset = 12;
    const auto too_old = to_int8(old.graph, {.pictures = drawn_pictures(1), .training = {}, .progress = silent});
    ASSERT_FALSE(too_old.ok());
    EXPECT_THAT(too_old.error().message, HasSubstr("opset 13"));
    const auto none = to_int8(network().graph, {.pictures = drawn_pictures(0), .training = {}, .progress = silent});
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
    const CalibrationPictures broken{.count = 2, .read = [](std::size_t) -> Result<Tensor> {
                                         return Error{ErrorCode::unreadable_input, "x.jpg: is cut off"};
                                     }};
    const auto unreadable = to_int8(network().graph, {.pictures = broken, .training = {}, .progress = silent});
    ASSERT_FALSE(unreadable.ok());
    EXPECT_EQ(unreadable.error().message, "x.jpg: is cut off");
}

Observation observation(const CalibrationPictures& pictures) {
    return require(observe(network().graph, {}, network().training, pictures, silent));
}

TEST(Calibration, TellsPicturesThatTheNetworkWasNotTrainedOn) {
    const PictureFigures drawn = observation(drawn_pictures(4)).pictures;
    const PictureFigures black = observation(flat_pictures(4, 0.0F)).pictures;
    ASSERT_TRUE(drawn.distance_from_training && black.distance_from_training);
    EXPECT_GT(*black.distance_from_training, 0.5);
    EXPECT_GT(*black.distance_from_training, 2.0 * *drawn.distance_from_training);
    EXPECT_EQ(black.flat, 4U);
    EXPECT_EQ(black.mean_brightness, 0.0);
    EXPECT_EQ(black.mean_detections, 0.0);
    EXPECT_EQ(drawn.flat, 0U);
}

TEST(CalibrationWarnings, HaveNumbers) {
    Int8Report report;
    report.pictures = 5;
    report.figures = {.mean_brightness = 0.02, .flat = 3, .mean_detections = 0.2, .distance_from_training = 2.345};
    report.agreement.original = 10;
    report.agreement.found = 7;
    Tensor example = require(Tensor::create(DataType::float32, {3, 8, 8}));
    std::ranges::fill(example.mutable_data<float>(), 0.5F);
    const std::vector<Detection> detections(4, Detection{.box = {0, 0, 1, 1}, .label = 1, .score = 0.9F});
    const auto warnings = calibration_warnings(report, example, detections);
    ASSERT_EQ(warnings.size(), 6U);
    EXPECT_THAT(warnings[0], HasSubstr("only 5 calibration pictures"));
    EXPECT_THAT(warnings[1], HasSubstr("3 of 5 calibration pictures are flat"));
    EXPECT_THAT(warnings[2], HasSubstr("2.35 standard deviations"));
    EXPECT_THAT(warnings[3], HasSubstr("mean brightness of 0.02, the example picture 0.50"));
    EXPECT_THAT(warnings[4], HasSubstr("show 0.2 detections on average, the example picture 4"));
    EXPECT_THAT(warnings[5], HasSubstr("7 of 10 detections"));

    report.pictures = 300;
    report.figures = {.mean_brightness = 0.6, .mean_detections = 3.0, .distance_from_training = 0.1};
    report.agreement.found = 10;
    EXPECT_THAT(calibration_warnings(report, example, detections), IsEmpty());
}

/// Rounding the input of a layer up everywhere shifts its output by the sum of its weights; the measure sees that.
TEST(LayerErrors, MeasureTheShiftOfTheMean) {
    const Graph& graph = network().graph;
    QuantizationPlan plan;
    plan.layers = find_quantizable_layers(graph);
    plan.chosen.assign(plan.layers.size(), false);
    plan.bias_corrections.resize(plan.layers.size());
    plan.chosen[0] = true;
    // Numbers of the normalised picture lie between -2.2 and 2.7. All that is above 0.5 is cut off.
    plan.activations[plan.layers[0].input] = quantization_of_range(-2.2, 0.5, ActivationType::asymmetric_uint8);
    const auto cut = require(measure_layer_errors(graph, plan, drawn_pictures(2), 2, silent));
    plan.activations[plan.layers[0].input] = quantization_of_range(-2.2, 2.7, ActivationType::asymmetric_uint8);
    const auto whole = require(measure_layer_errors(graph, plan, drawn_pictures(2), 2, silent));
    ASSERT_EQ(cut.size(), plan.layers.size());
    ASSERT_EQ(cut[0].shift.size(), 16U);
    EXPECT_TRUE(cut[1].shift.empty());
    const auto largest = [](const LayerError& error) {
        return std::abs(*std::ranges::max_element(error.shift, {}, [](float x) { return std::abs(x); }));
    };
    EXPECT_GT(largest(cut[0]), 10 * largest(whole[0]));
    EXPECT_GT(cut[0].relative, 5 * whole[0].relative);
    EXPECT_LT(whole[0].relative, 0.03);
}

} // namespace
} // namespace detect::test
