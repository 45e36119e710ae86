// SPDX-License-Identifier: Apache-2.0
// Which layers and values become integers, and how the graph says so.

#include "export/precision/quantized_graph.h"

#include "executor/passes/passes.h"
#include "executor/reference/interpreter.h"
#include "export/network.h"
#include "graph/builder.h"
#include "onnx/model_checker.h"
#include "onnx/opset_conversion.h"
#include "onnx/writer.h"
#include "tests/export/bundled_network.h"
#include "tests/support/compare.h"
#include "tests/support/require.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Not;

/// The bundled network, simplified, in an opset.
Graph network(int opset = 17) {
    const ParameterMap parameters(bundled_tensors());
    Graph graph = require(build_network(parameters, 7, NetworkSettings{})).graph;
    require(run_passes(graph, simplification_passes()));
    return require(convert_to_opset(std::move(graph), opset));
}

QuantizationPlan plan_for(const Graph& graph, const std::function<bool(const QuantizableLayer&)>& chosen) {
    QuantizationPlan plan;
    plan.layers = find_quantizable_layers(graph);
    for (const QuantizableLayer& layer : plan.layers) plan.chosen.push_back(chosen(layer));
    plan.bias_corrections.resize(plan.layers.size());
    for (const ValueId id : quantized_values(graph, plan.layers, plan.chosen))
        plan.activations[id] = quantization_of_range(-4.0, 12.0, ActivationType::asymmetric_uint8);
    return plan;
}

bool is_hidden(const QuantizableLayer& layer) { return layer.kind == QuantizableLayer::Kind::hidden; }

std::set<std::string> names(const Graph& graph, const std::vector<ValueId>& ids) {
    std::set<std::string> result;
    for (const ValueId id : ids) result.insert(graph[id].name);
    return result;
}

TEST(QuantizableLayers, AreAllConvolutionsAndFullyConnectedOnes) {
    for (const int opset : {17, 13}) {
        SCOPED_TRACE(opset);
        const Graph graph = network(opset);
        const auto layers = find_quantizable_layers(graph);
        std::map<QuantizableLayer::Kind, int> kinds;
        for (const QuantizableLayer& layer : layers) ++kinds[layer.kind];
        const auto nodes =
            std::ranges::count_if(graph.nodes, [](const Node& n) { return n.op == "Conv" || n.op == "Gemm"; });
        EXPECT_EQ(static_cast<std::ptrdiff_t>(layers.size()), nodes);
        // Two convolutions in each of 8 gates; class and box predictors of the RPN's 3 levels and of the box head.
        EXPECT_EQ(kinds[QuantizableLayer::Kind::gate], 16);
        EXPECT_EQ(kinds[QuantizableLayer::Kind::predictor], 8);
        // The stem with its HardSwish, however the opset writes it.
        EXPECT_EQ(graph[layers[0].input].name, "transformed_images");
        EXPECT_EQ(graph[layers[0].result].name, "backbone/HardSwish");
        EXPECT_EQ(layers[0].channels, 16U);
    }
}

TEST(QuantizedValues, FollowTheLayersThatReadThem) {
    const Graph graph = network();
    const auto layers = find_quantizable_layers(graph);
    std::vector<bool> chosen;
    for (const QuantizableLayer& layer : layers) chosen.push_back(is_hidden(layer));
    const auto all = names(graph, quantized_values(graph, layers, chosen));
    EXPECT_THAT(all, Contains("feature_0"));
    // Both sides of a residual Add, and its result.
    EXPECT_THAT(all, Contains("backbone/block_2/BatchNormalization_2"));
    EXPECT_THAT(all, Contains("backbone/block_3/BatchNormalization_2"));
    EXPECT_THAT(all, Contains("backbone/block_3/Add"));
    // What a gate multiplies, and the product; not the gate.
    EXPECT_THAT(all, Contains("backbone/block_4/Relu_1"));
    EXPECT_THAT(all, Contains("backbone/block_4/Mul"));
    EXPECT_THAT(all, Not(Contains("backbone/block_4/GlobalAveragePool")));
    // What goes to predictors in floats alone stays in floats.
    EXPECT_THAT(all, Not(Contains("rpn/level_0/head/Relu")));
    EXPECT_THAT(all, Not(Contains("roi_heads/Relu_1")));

    // Block 4's projection in floats: then its input stays so too, and with it what only goes there.
    const auto projection = std::ranges::find(layers, "backbone/block_4/Conv_4", &QuantizableLayer::name);
    chosen[static_cast<std::size_t>(projection - layers.begin())] = false;
    const auto fewer = names(graph, quantized_values(graph, layers, chosen));
    EXPECT_THAT(fewer, Not(Contains("backbone/block_4/Mul")));
    EXPECT_THAT(fewer, Not(Contains("backbone/block_4/Relu_1")));
    EXPECT_EQ(fewer.size(), all.size() - 2);
}

TEST(QuantizedGraph, IsInQdqForm) {
    const Graph original = network();
    const QuantizationPlan plan = plan_for(original, is_hidden);
    const Graph graph = require(quantized_graph(original, plan, WeightForm::integers));
    require(check_onnx(require(write_onnx(graph))));

    std::set<std::string> node_names;
    for (const Node& node : graph.nodes) EXPECT_TRUE(node_names.insert(node.name).second) << node.name;

    const auto producers = graph.producers();
    const auto producer = [&](ValueId id) -> const Node* {
        const auto index = producers[static_cast<std::size_t>(id.index)];
        return index < 0 ? nullptr : &graph.nodes[static_cast<std::size_t>(index)];
    };
    std::size_t integer_layers = 0;
    for (const Node& node : graph.nodes) {
        if (node.op != "Conv" && node.op != "Gemm") continue;
        const Node* const weight = producer(node.inputs[1]);
        if (weight == nullptr) continue;
        ++integer_layers;
        SCOPED_TRACE(node.name);
        ASSERT_EQ(weight->op, "DequantizeLinear");
        EXPECT_EQ(weight->int_or("axis", 1), 0);
        const Tensor& integers = graph[weight->inputs[0]].constant;
        const Tensor& scales = graph[weight->inputs[1]].constant;
        const std::int64_t channels = integers.dims()[0];
        EXPECT_EQ(integers.type(), DataType::int8);
        EXPECT_EQ(scales.dims(), Dims{channels});
        EXPECT_THAT(graph[weight->inputs[2]].constant.data<std::int8_t>(), Each(0));

        const Node* const input = producer(node.inputs[0]);
        ASSERT_EQ(input->op, "DequantizeLinear");
        ASSERT_EQ(producer(input->inputs[0])->op, "QuantizeLinear");
        EXPECT_EQ(graph[input->inputs[2]].constant.type(), DataType::uint8);

        const Node* const bias = producer(node.inputs[2]);
        ASSERT_EQ(bias->op, "DequantizeLinear");
        EXPECT_EQ(graph[bias->inputs[0]].constant.type(), DataType::int32);
        EXPECT_THAT(graph[bias->inputs[2]].constant.data<std::int32_t>(), Each(0));
        const float input_scale = graph[input->inputs[1]].constant.data<float>()[0];
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
            ASSERT_EQ(graph[bias->inputs[1]].constant.data<float>()[c], input_scale * scales.data<float>()[c]);
        }
    }
    EXPECT_EQ(integer_layers, static_cast<std::size_t>(std::ranges::count(plan.chosen, true)));

    // One pair for each value, and activation functions without one of their own between them and their layer.
    std::map<ValueId, int> quantized;
    for (const Node& node : graph.nodes) {
        if (node.op == "QuantizeLinear") ++quantized[node.inputs[0]];
        const bool activation = node.op == "Relu" || node.op == "HardSwish";
        EXPECT_FALSE(activation && producer(node.inputs[0])->op == "DequantizeLinear") << node.name;
    }
    EXPECT_EQ(quantized.size(), plan.activations.size());
    for (const auto& [id, count] : quantized) EXPECT_EQ(count, 1) << graph[id].name;
}

TEST(QuantizedGraph, LeavesLayersInFloatsTheFloatsTheyHad) {
    const Graph original = network();
    const auto only_fc7 = [](const QuantizableLayer& layer) { return layer.name == "roi_heads/Gemm_1"; };
    const Graph graph = require(quantized_graph(original, plan_for(original, only_fc7), WeightForm::integers));
    EXPECT_EQ(std::ranges::count(graph.nodes, "QuantizeLinear", &Node::op), 1);
    // Input, weight and bias of fc7.
    EXPECT_EQ(std::ranges::count(graph.nodes, "DequantizeLinear", &Node::op), 3);
    EXPECT_EQ(graph.nodes.size(), original.nodes.size() + 4);
}

/// Four layers with a residual Add and a maximum, small enough to run with integers and with the floats they stand for.
Graph small_network() {
    const auto numbers = [](const Dims& dims, float size) {
        Tensor tensor = require(Tensor::create(DataType::float32, dims));
        float next = 0.37F;
        for (float& x : tensor.mutable_data<float>()) {
            next = next * 3.9F * (1.0F - next); // the logistic map: spread, and the same everywhere
            x = size * (2.0F * next - 1.0F);
        }
        return tensor;
    };
    ParameterMap parameters({{"a.weight", numbers({4, 3, 3, 3}, 0.5F)},
                             {"a.bias", numbers({4}, 1.0F)},
                             {"b.weight", numbers({4, 1, 3, 3}, 0.7F)},
                             {"b.bias", numbers({4}, 0.5F)},
                             {"c.weight", numbers({4, 4, 1, 1}, 1.0F)},
                             {"c.bias", numbers({4}, 0.3F)}});
    GraphBuilder b(parameters);
    const auto conv = [&](ValueId x, const std::string& key, const Dims& dims, std::int64_t groups) {
        const std::int64_t pad = dims[2] / 2;
        return b.node("Conv", {x, b.parameter(key + ".weight", dims), b.parameter(key + ".bias", {dims[0]})},
                      {{"pads", std::vector<std::int64_t>{pad, pad, pad, pad}}, {"group", groups}});
    };
    const ValueId x = b.input("x", DataType::float32, {1, 3, 6, 5});
    const ValueId first = b.node("HardSwish", {conv(x, "a", {4, 3, 3, 3}, 1)});
    const ValueId second = b.node("Relu", {conv(first, "b", {4, 1, 3, 3}, 4)});
    const ValueId sum = b.add(conv(second, "c", {4, 4, 1, 1}, 1), first);
    b.output("y", b.node("Relu", {conv(sum, "c", {4, 4, 1, 1}, 1)}), Shape{1, 4, 6, 5});
    return require(b.finish());
}

std::vector<Tensor> run_small(const Graph& graph) {
    Tensor x = require(Tensor::create(DataType::float32, {1, 3, 6, 5}));
    for (std::size_t i = 0; i < 90; ++i) x.mutable_data<float>()[i] = static_cast<float>((i * 37) % 91) / 45.0F - 1.0F;
    return require(interpret(graph, std::vector<Tensor>{x}));
}

TEST(QuantizedGraph, ComputesTheSameWithIntegersAndWithTheFloatsTheyStandFor) {
    for (const ActivationType type : {ActivationType::asymmetric_uint8, ActivationType::symmetric_int8}) {
        const Graph original = small_network();
        QuantizationPlan plan;
        plan.layers = find_quantizable_layers(original);
        ASSERT_EQ(plan.layers.size(), 4U);
        plan.chosen.assign(4, true);
        plan.bias_corrections = {{}, {}, {0.01F, -0.02F, 0.0F, 0.05F}, {}};
        const auto values = quantized_values(original, plan.layers, plan.chosen);
        // x, both activation functions, the projection, the sum.
        ASSERT_EQ(values.size(), 5U);
        for (const ValueId id : values) plan.activations[id] = quantization_of_range(-7.0, 8.0, type);
        const Graph integers = require(quantized_graph(original, plan, WeightForm::integers));
        const Graph floats = require(quantized_graph(original, plan, WeightForm::rounded_floats));
        const Graph float_biases = require(quantized_graph(original, plan, WeightForm::integers_and_float_biases));
        // The weight that two layers share is there once.
        EXPECT_EQ(std::ranges::count_if(integers.values,
                                        [](const Value& v) {
                                            return v.constant.type() == DataType::int8 && v.constant.dims().rank() == 4;
                                        }),
                  3);
        EXPECT_TRUE(same_bits(run_small(integers)[0], run_small(floats)[0]));
        EXPECT_TRUE(same_bits(run_small(integers)[0], run_small(float_biases)[0]));
        const Closeness to_original = compare_close(run_small(integers)[0], run_small(original)[0], 0.0F, 0.3F);
        EXPECT_TRUE(to_original.close) << to_original.report;
        EXPECT_FALSE(same_bits(run_small(integers)[0], run_small(original)[0]));
    }
}

} // namespace
} // namespace detect::test
