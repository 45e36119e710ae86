// SPDX-License-Identifier: Apache-2.0
#include "graph/builder.h"

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::AllOf;
using testing::HasSubstr;

ParameterMap one_weight() { return ParameterMap({{"layer.weight", Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6})}}); }

TEST(GraphBuilder, NamesNodesAfterTheirScope) {
    const ParameterMap none;
    GraphBuilder build(none);
    const ValueId x = build.input("x", DataType::float32, {"batch", 3});
    {
        const auto outer = build.scope("rpn");
        const auto inner = build.scope("head");
        build.add(x, x);
        build.add(x, x);
    }
    build.add(x, x);
    const auto& nodes = build.graph().nodes;
    EXPECT_EQ(nodes[0].name, "rpn/head/Add");
    EXPECT_EQ(nodes[1].name, "rpn/head/Add_1");
    EXPECT_EQ(nodes[2].name, "Add");
}

TEST(GraphBuilder, InfersShapesAsItGoes) {
    const ParameterMap parameters = one_weight();
    GraphBuilder build(parameters);
    const ValueId x = build.input("x", DataType::float32, {"batch", 3});
    const ValueId weight = build.parameter("layer.weight", {2, 3});
    const ValueId y = build.node("Gemm", {x, weight}, {{"transB", std::int64_t{1}}});
    EXPECT_EQ(to_string(build.graph()[y].shape), "[batch, 2]");
    build.output("y", y, Shape{"batch", 2});
    const auto graph = build.finish();
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ((*graph)[graph->outputs[0]].name, "y");
    EXPECT_TRUE(graph->validate().ok());
}

TEST(GraphBuilder, AParameterIsOneValueHoweverOftenItIsAskedFor) {
    const ParameterMap parameters = one_weight();
    GraphBuilder build(parameters);
    EXPECT_EQ(build.parameter("layer.weight", {2, 3}), build.parameter("layer.weight", {2, 3}));
    EXPECT_TRUE(build.used_parameters().contains("layer.weight"));
}

TEST(GraphBuilder, ListsEveryMissingAndMisshapenParameter) {
    const ParameterMap parameters = one_weight();
    GraphBuilder build(parameters);
    build.parameter("layer.weight", {2, 4}, "4 inputs");
    build.parameter("layer.bias", {2});
    build.parameter("other.weight", {1});
    const auto graph = build.finish();
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().code, ErrorCode::bad_model);
    EXPECT_THAT(graph.error().message, AllOf(HasSubstr("tensor layer.weight is [2, 3], expected [2, 4] (4 inputs)"),
                                             HasSubstr("2 missing: layer.bias; other.weight")));
}

TEST(GraphBuilder, KeepsTheFirstError) {
    const ParameterMap none;
    GraphBuilder build(none);
    const ValueId x = build.input("x", DataType::float32, {2});
    const ValueId n = build.input("n", DataType::int64, {2});
    const ValueId broken = build.add(x, n);
    EXPECT_FALSE(broken.present());
    build.output("y", build.mul(broken, x), std::nullopt);
    const auto graph = build.finish();
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().message, "node 'Add' (Add): input 0 is float32, but input 1 is int64");
}

TEST(GraphBuilder, SettingsKeepTheirNamesAndMayBeEdited) {
    const ParameterMap none;
    GraphBuilder build(none);
    const auto scope = build.scope("roi_heads");
    const ValueId threshold = build.setting("score_threshold", Tensor::scalar(0.05F));
    EXPECT_EQ(build.graph()[threshold].name, "score_threshold");
    EXPECT_TRUE(build.graph()[threshold].editable);
    EXPECT_EQ(build.setting("score_threshold", Tensor::scalar(0.05F)), threshold);
    EXPECT_EQ(build.graph()[build.constant("offset", Tensor::scalar(1.0F))].name, "roi_heads/offset");
}

TEST(GraphBuilder, SizeOfReadsOneAxis) {
    const ParameterMap none;
    GraphBuilder build(none);
    const ValueId x = build.input("x", DataType::float32, {"batch", 3});
    const ValueId size = build.size_of(x, 0);
    EXPECT_EQ(build.graph()[size].type, DataType::int64);
    EXPECT_EQ(to_string(build.graph()[size].shape), "[1]");
}

} // namespace

} // namespace detect::test
