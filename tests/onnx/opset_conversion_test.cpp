// SPDX-License-Identifier: Apache-2.0
// The network in the words of every opset finds the same objects; so does each operator that has to be rewritten.

#include "onnx/opset_conversion.h"

#include "executor/reference/interpreter.h"
#include "export/checkpoint_graph.h"
#include "graph/builder.h"
#include "onnx/model_checker.h"
#include "onnx/writer.h"
#include "tests/export/bundled_network.h"
#include "tests/support/compare.h"
#include "tests/support/require.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

const SettingsOverrides small{.min_size = 192, .max_size = 192};

std::vector<Found> detections(const Graph& graph, const Tensor& image) {
    const auto outputs = require(interpret(graph, std::vector<Tensor>{as_batch(image)}));
    return outputs.size() == 4 ? to_found(outputs[0], outputs[1], outputs[2], outputs[3], 0)
                               : to_found(outputs[0], outputs[1], outputs[2]);
}

class EveryOpset : public testing::TestWithParam<int> {};

TEST_P(EveryOpset, FindsTheSameAndPassesOnnxsChecks) {
    const Tensor image = drawn_image(200, 160);
    const auto newest =
        require(graph_from_checkpoint(bundled_checkpoint(), small, OutputLayout::batched, newest_export_opset));
    const auto expected = detections(newest.graph, image);
    ASSERT_GT(expected.size(), 4U);
    for (const OutputLayout layout : {OutputLayout::batched, OutputLayout::torchvision}) {
        const auto lowered = require(graph_from_checkpoint(bundled_checkpoint(), small, layout, GetParam()));
        EXPECT_EQ(lowered.graph.opset, GetParam());
        const auto checked = check_onnx(require(write_onnx(lowered.graph)));
        EXPECT_TRUE(checked.ok()) << checked.error().message;
        const auto found = detections(lowered.graph, image);
        EXPECT_EQ(found.size(), expected.size());
        const Match match =
            match_detections(found, expected, {.min_score = 0.0F, .min_iou = 0.9999, .max_score_difference = 1e-5F});
        EXPECT_TRUE(match.matched) << match.report;
        EXPECT_EQ(match.pairs, expected.size());
    }
}

INSTANTIATE_TEST_SUITE_P(, EveryOpset, testing::Range(oldest_export_opset, newest_export_opset + 1),
                         [](const auto& opset) { return std::to_string(opset.param); });

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// A graph of one node, whose data come from inputs and whose settings are constants.
struct OneNode {
    Graph graph;
    std::vector<Tensor> inputs;
};

OneNode one_node(std::string op, std::vector<Tensor> data, std::vector<std::optional<Tensor>> constants = {},
                 std::map<std::string, Attribute, std::less<>> attributes = {}) {
    OneNode result;
    std::vector<ValueId> inputs;
    for (const Tensor& tensor : data)
        inputs.push_back(result.graph.add_input("data", tensor.type(), to_shape(tensor.dims())));
    for (const auto& constant : constants)
        inputs.push_back(constant ? result.graph.add_constant("constant", *constant) : ValueId{});
    result.graph.outputs = require(result.graph.add_node({.op = std::move(op),
                                                          .name = "node",
                                                          .inputs = inputs,
                                                          .outputs = {},
                                                          .attributes = std::move(attributes),
                                                          .domain = ""}));
    result.inputs = std::move(data);
    return result;
}

/// The node computes the same, bit for bit, in every older opset, and none of them has `gone` any more.
void expect_same_in(int oldest, int newest, const OneNode& node, std::string_view gone = "") {
    const auto expected = require(interpret(node.graph, node.inputs));
    for (int opset = oldest; opset <= newest; ++opset) {
        const Graph lowered = require(convert_to_opset(node.graph, opset));
        const auto actual = require(interpret(lowered, node.inputs));
        EXPECT_TRUE(same_bits(actual[0], expected[0])) << "opset " << opset;
        const auto checked = check_onnx(require(write_onnx(lowered)));
        EXPECT_TRUE(checked.ok()) << "opset " << opset << ": " << checked.error().message;
        for (const Node& left : lowered.nodes) EXPECT_NE(left.op, gone) << "opset " << opset;
    }
}

TEST(OpsetLowering, AxesBecomeAttributes) {
    const Tensor data = Tensor::of<float>({1, 3, 1}, {1, 2, 4});
    const Tensor axes = Tensor::of<std::int64_t>({1}, {2});
    expect_same_in(11, 12, one_node("Squeeze", {data}, {axes}));
    expect_same_in(11, 12, one_node("Unsqueeze", {data}, {axes}));
    expect_same_in(
        11, 12, one_node("ReduceSum", {data}, {Tensor::of<std::int64_t>({1}, {1})}, {{"keepdims", std::int64_t{0}}}));
}

TEST(OpsetLowering, SoftmaxOverTheLastAxis) {
    const Tensor data = Tensor::of<float>({2, 2, 2}, {0, 1, -3, 5, 2, 2, 10, -10});
    expect_same_in(11, 12, one_node("Softmax", {data}, {}, {{"axis", std::int64_t{-1}}}));
    expect_same_in(11, 12, one_node("Softmax", {data}, {}, {{"axis", std::int64_t{2}}}));
    expect_same_in(11, 12, one_node("Softmax", {data}));
}

TEST(OpsetLowering, ResizeBySizes) {
    const Tensor data = Tensor::of<float>({1, 1, 2, 2}, {0, 8, 4, 1});
    expect_same_in(11, 12,
                   one_node("Resize", {data}, {std::nullopt, std::nullopt, Tensor::of<std::int64_t>({4}, {1, 1, 3, 5})},
                            {{"mode", std::string("linear")}}));
}

TEST(OpsetLowering, ComparisonsBecomeTheirOpposites) {
    const Tensor a = Tensor::of<float>({5}, {1, 2, 3, -infinity, 0.0F});
    const Tensor b = Tensor::of<float>({5}, {2, 2, 2, infinity, -0.0F});
    expect_same_in(11, 11, one_node("GreaterOrEqual", {a, b}), "GreaterOrEqual");
    expect_same_in(11, 11, one_node("LessOrEqual", {a, b}), "LessOrEqual");
}

TEST(OpsetLowering, ExtremaOfIntegersBecomeChoices) {
    const Tensor a = Tensor::of<std::int64_t>({3}, {1, 7, -5});
    const Tensor b = Tensor::of<std::int64_t>({1}, {3});
    expect_same_in(11, 11, one_node("Min", {a, b}), "Min");
    expect_same_in(11, 11, one_node("Max", {a, b}), "Max");
    // Of reals opset 11 has them.
    expect_same_in(11, 11, one_node("Max", {Tensor::of<float>({2}, {1, nan_value}), Tensor::of<float>({1}, {0})}));
}

TEST(OpsetLowering, HardSwishBecomesAProduct) {
    const Tensor data = Tensor::of<float>({7}, {-10, -3, -1, 0, 1, 3, 10});
    const OneNode node = one_node("HardSwish", {data});
    const auto expected = require(interpret(node.graph, node.inputs));
    for (int opset = 11; opset < 14; ++opset) {
        const auto actual = require(interpret(require(convert_to_opset(node.graph, opset)), node.inputs));
        const Closeness close = compare_close(actual[0], expected[0], 1e-6F, 1e-7F);
        EXPECT_TRUE(close.close) << close.report;
    }
}

/// A picture of 4×4 pixels and a region within it.
OneNode roi_align(std::string mode) {
    std::vector<float> ramp(16);
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i * i);
    return one_node("RoiAlign",
                    {Tensor::of<float>({1, 1, 4, 4}, ramp), Tensor::of<float>({1, 4}, {0.5F, 0.5F, 3, 2.5F}),
                     Tensor::of<std::int64_t>({1}, {0})},
                    {},
                    {{"coordinate_transformation_mode", std::move(mode)},
                     {"output_height", std::int64_t{2}},
                     {"output_width", std::int64_t{2}},
                     {"sampling_ratio", std::int64_t{2}}});
}

TEST(OpsetLowering, RoiAlignWithoutShift) { expect_same_in(11, 15, roi_align("output_half_pixel")); }

TEST(OpsetLowering, NamesTheNodeThatHasNoCounterpart) {
    const auto refusal = [](const OneNode& node, int opset) {
        const auto lowered = convert_to_opset(node.graph, opset);
        EXPECT_FALSE(lowered.ok());
        if (lowered.ok()) return std::string();
        EXPECT_EQ(lowered.error().code, ErrorCode::unsupported);
        EXPECT_THAT(lowered.error().message, HasSubstr("'node'"));
        EXPECT_THAT(lowered.error().message, HasSubstr("opset " + std::to_string(opset)));
        EXPECT_TRUE(convert_to_opset(node.graph, newest_export_opset).ok());
        return lowered.error().message;
    };
    const Tensor data = Tensor::of<float>({1, 3, 1}, {1, 2, 4});
    const Tensor integers = Tensor::of<std::int64_t>({2}, {1, 2});
    EXPECT_THAT(refusal(roi_align("half_pixel"), 15), HasSubstr("RoiAlign"));
    EXPECT_THAT(refusal(one_node("Softmax", {data}, {}, {{"axis", std::int64_t{1}}}), 12), HasSubstr("inner axis"));
    EXPECT_THAT(refusal(one_node("Squeeze", {data, Tensor::of<std::int64_t>({1}, {0})}), 12),
                HasSubstr("not constant"));
    EXPECT_THAT(refusal(one_node("Min", {integers, integers, integers}), 11), HasSubstr("two integer tensors"));
}

TEST(OpsetLowering, OtherOpsetsAreRefused) {
    const OneNode node = one_node("HardSwish", {Tensor::of<float>({1}, {1})});
    for (const int opset : {-1, 10, 18}) {
        const auto lowered = convert_to_opset(node.graph, opset);
        ASSERT_FALSE(lowered.ok());
        EXPECT_EQ(lowered.error().code, ErrorCode::invalid_argument);
        EXPECT_THAT(lowered.error().message, HasSubstr("11 to 17"));
    }
}

} // namespace
} // namespace detect::test
