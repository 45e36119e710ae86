// SPDX-License-Identifier: Apache-2.0
// Weights stored as float16.

#include "export/precision/half_weights.h"

#include "base/half.h"
#include "executor/passes/passes.h"
#include "executor/reference/interpreter.h"
#include "export/network.h"
#include "graph/builder.h"
#include "onnx/model_checker.h"
#include "onnx/reader.h"
#include "onnx/writer.h"
#include "tests/export/bundled_network.h"
#include "tests/support/compare.h"
#include "tests/support/require.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

/// Two layers that share a weight, one with a weight that no float16 holds.
Graph small_network() {
    const ParameterMap parameters({{"shared", Tensor::of<float>({2, 2}, {0.1F, -1.0F / 3.0F, 1e-7F, 2049.0F})},
                                   {"large", Tensor::of<float>({1, 2}, {1e6F, 0.1F})},
                                   {"bias", Tensor::of<float>({2}, {0.1F, 0.2F})}});
    GraphBuilder b(parameters);
    const ValueId x = b.input("x", DataType::float32, {"n", 2});
    const ValueId weight = b.parameter("shared", {2, 2});
    const ValueId bias = b.parameter("bias", {2});
    const std::map<std::string, Attribute, std::less<>> transposed{{"transB", std::int64_t{1}}};
    const ValueId first = b.node("Gemm", {x, weight, bias}, transposed);
    const ValueId second = b.node("Gemm", {first, weight, bias}, transposed);
    b.output("y", b.node("Gemm", {second, b.parameter("large", {1, 2})}, transposed), Shape{"n", 1});
    return require(b.finish());
}

std::vector<Tensor> run(const Graph& graph) {
    return require(interpret(graph, std::vector<Tensor>{Tensor::of<float>({1, 2}, {0.3F, -0.7F})}));
}

TEST(HalfWeights, AreRoundedOnceAndShared) {
    const Graph graph = require(with_half_weights(small_network()));
    EXPECT_EQ(std::ranges::count(graph.nodes, "Cast", &Node::op), 1);
    const auto half = std::ranges::find(graph.values, "shared/half", &Value::name);
    ASSERT_NE(half, graph.values.end());
    EXPECT_EQ(half->constant.type(), DataType::float16);
    EXPECT_EQ(half->constant.byte_count(), 8U);
    // Too large: as it was. A bias: as it was.
    for (const char* name : {"large", "bias"}) {
        const auto value = std::ranges::find(graph.values, name, &Value::name);
        ASSERT_NE(value, graph.values.end()) << name;
        EXPECT_EQ(value->constant.type(), DataType::float32) << name;
    }
    EXPECT_EQ(std::ranges::find(graph.values, "shared", &Value::name), graph.values.end());

    Graph rounded = small_network();
    const auto weight = std::ranges::find(rounded.values, "shared", &Value::name);
    Tensor values = Tensor::of<float>(weight->constant.dims(), weight->constant.data<float>());
    for (float& w : values.mutable_data<float>()) w = half_to_float(float_to_half(w));
    weight->constant = values;
    EXPECT_TRUE(same_bits(run(graph)[0], run(rounded)[0]));
    EXPECT_FALSE(same_bits(run(graph)[0], run(small_network())[0]));
}

TEST(HalfWeights, OfTheWholeNetworkAreHalfTheFileAndConstantsOnceLoaded) {
    const ParameterMap parameters(bundled_tensors());
    Graph graph = require(build_network(parameters, 7, NetworkSettings{})).graph;
    require(run_passes(graph, simplification_passes()));
    const std::size_t full = require(write_onnx(graph)).size();
    const std::string bytes = require(write_onnx(require(with_half_weights(graph))));
    EXPECT_LT(static_cast<double>(bytes.size()), 0.51 * static_cast<double>(full));
    require(check_onnx(bytes));

    Graph read = require(read_onnx(std::as_bytes(std::span(bytes)), "half.onnx"));
    require(run_passes(read, simplification_passes()));
    for (const Node& node : read.nodes) {
        if (node.op != "Conv" && node.op != "Gemm") continue;
        EXPECT_TRUE(read.is_constant(node.inputs[1])) << node.name;
        EXPECT_EQ(read[node.inputs[1]].type, DataType::float32) << node.name;
    }
}

} // namespace
} // namespace detect::test
