// SPDX-License-Identifier: Apache-2.0
#include "executor/passes/passes.h"

#include "backbone/layers.h"
#include "executor/reference/interpreter.h"
#include "graph/builder.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> operators_of(const Graph& graph) {
    std::vector<std::string> names;
    for (const Node& node : graph.nodes) names.push_back(node.op);
    return names;
}

TEST(FoldBatchNormalization, GivesWhatConvolutionAndNormalisationGave) {
    // One channel, weight 2, scale 3, bias 1, mean 4, variance 0.25 − ε, so that the deviation is 0.5:
    // y = (2x − 4) / 0.5 · 3 + 1 = 12x − 23.
    const ParameterMap p({{"c.0.weight", Tensor::of<float>({1, 1, 1, 1}, {2.0F})},
                          {"c.1.weight", Tensor::of<float>({1}, {3.0F})},
                          {"c.1.bias", Tensor::of<float>({1}, {1.0F})},
                          {"c.1.running_mean", Tensor::of<float>({1}, {4.0F})},
                          {"c.1.running_var", Tensor::of<float>({1}, {0.25F - 1e-5F})}});
    GraphBuilder b(p);
    const ValueId x = b.input("x", DataType::float32, {1, 1, 1, 2});
    b.output("y", add_convolution_norm(b, x, "c", {.in_channels = 1, .out_channels = 1}, Nonlinearity::none),
             std::nullopt);
    Graph graph = b.finish().value();
    EXPECT_THAT(operators_of(graph), ElementsAre("Conv", "BatchNormalization"));
    EXPECT_EQ(fold_batch_normalization(graph).value(), 1);
    EXPECT_THAT(operators_of(graph), ElementsAre("Conv"));
    ASSERT_TRUE(graph.validate().ok());
    const auto out = interpret(graph, std::vector{Tensor::of<float>({1, 1, 1, 2}, {0.0F, 5.0F})}).value();
    EXPECT_NEAR(out[0].data<float>()[0], -23.0F, 1e-4F);
    EXPECT_NEAR(out[0].data<float>()[1], 37.0F, 1e-4F);
    EXPECT_EQ(graph[graph.outputs[0]].name, "y");
}

TEST(FoldConstants, ComputesWhatIsKnownButLeavesSettings) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId x = b.input("x", DataType::float32, {"n", 4});
    const ValueId known = b.add(b.scalar(1.0F), b.scalar(2.0F));
    const ValueId width =
        b.cast(b.size_of(b.node("Relu", {b.constant("c", Tensor::of<float>({1, 7}, {1, 2, 3, 4, 5, 6, 7}))}), 1),
               DataType::float32);
    const ValueId setting = b.node("Neg", {b.setting("threshold", Tensor::scalar(0.5F))});
    b.output("y", b.add(b.add(b.add(x, known), width), setting), std::nullopt);
    Graph graph = b.finish().value();
    FoldingBudget budget;
    EXPECT_GT(fold_constants(graph, budget).value(), 0);
    EXPECT_THAT(operators_of(graph), ElementsAre("Neg", "Add", "Add", "Add"));
    const auto out = interpret(graph, std::vector{Tensor::of<float>({1, 4}, {0, 1, 2, 3})}).value();
    EXPECT_FLOAT_EQ(out[0].data<float>()[1], 1.0F + 3.0F + 7.0F - 0.5F);
}

TEST(FoldConstants, DoesNotBlowUpTheFile) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId large = b.node("ConstantOfShape", {b.vector({std::int64_t{100'000}, std::int64_t{100'000}})});
    b.output("y", b.node("ReduceSum", {large}), std::nullopt);
    Graph graph = b.finish().value();
    FoldingBudget budget;
    EXPECT_EQ(fold_constants(graph, budget).value(), 0);
    EXPECT_EQ(graph.nodes.size(), 2U);
}

TEST(FoldConstants, ComputesNoMoreThan64MiBHoweverOftenThePassesRun) {
    const ParameterMap none;
    GraphBuilder b(none);
    // Six tensors of 12 MiB: five of them fit.
    for (int i = 0; i < 6; ++i) {
        const ValueId large = b.node("ConstantOfShape", {b.vector({std::int64_t{3} << 20})},
                                     {{"value", Tensor::of<float>({1}, {static_cast<float>(i)})}});
        b.output("y" + std::to_string(i), large, std::nullopt);
    }
    Graph graph = b.finish().value();
    ASSERT_TRUE(run_passes(graph, simplification_passes()).ok());
    EXPECT_THAT(operators_of(graph), ElementsAre("ConstantOfShape"));
}

/// y = `op` of two constants, alone or in both branches of an If whose condition is known.
Graph of_constants(const std::string& op, bool in_branches) {
    Graph graph;
    const ValueId c = graph.add_constant("c", Tensor::of<float>({2, 2}, {1, 2, 3, 4}));
    Node node;
    node.op = op;
    node.inputs = {c, c};
    if (in_branches) {
        Graph branch;
        node.inputs.assign(2, branch.add_input("captured", DataType::float32, Shape{2, 2}));
        branch.captured = 1;
        branch.outputs = branch.add_node(std::move(node)).value();
        const auto shared = std::make_shared<const Graph>(std::move(branch));
        node = {};
        node.op = "If";
        node.inputs = {graph.add_constant("condition", Tensor::scalar(true)), c};
        node.attributes = {{"then_branch", shared}, {"else_branch", shared}};
    }
    graph.outputs = graph.add_node(std::move(node)).value();
    return graph;
}

TEST(FoldConstants, LeavesWorkOutOfProportionToTheRun) {
    for (const bool in_branches : {false, true}) {
        Graph sum = of_constants("Add", in_branches);
        FoldingBudget budget;
        EXPECT_EQ(fold_constants(sum, budget).value(), 1) << in_branches;
        EXPECT_TRUE(sum.is_constant(sum.outputs[0])) << in_branches;
        Graph product = of_constants("MatMul", in_branches);
        EXPECT_EQ(fold_constants(product, budget).value(), 0) << in_branches;
        EXPECT_EQ(product.nodes.size(), 1U) << in_branches;
    }
}

TEST(MergeDuplicates, KeepsOneOfEqualNodesAndConstants) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId x = b.input("x", DataType::float32, {"n"});
    const ValueId first = b.add(x, b.scalar(1.0F));
    const ValueId second = b.add(x, b.scalar(1.0F));
    const ValueId other = b.add(x, b.scalar(2.0F));
    b.output("y", b.mul(b.mul(first, second), other), std::nullopt);
    Graph graph = b.finish().value();
    EXPECT_EQ(merge_duplicates(graph).value(), 2); // a constant, then a node
    EXPECT_THAT(operators_of(graph), ElementsAre("Add", "Add", "Mul", "Mul"));
    const auto out = interpret(graph, std::vector{Tensor::of<float>({1}, {2.0F})}).value();
    EXPECT_FLOAT_EQ(out[0].data<float>()[0], 3.0F * 3.0F * 4.0F);
}

TEST(MergeDuplicates, OutputsKeepTheirNames) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId x = b.input("x", DataType::float32, {"n"});
    b.output("a", b.node("Relu", {x}), std::nullopt);
    b.output("b", b.node("Relu", {x}), std::nullopt);
    Graph graph = b.finish().value();
    EXPECT_EQ(merge_duplicates(graph).value(), 0);
    EXPECT_EQ(graph[graph.outputs[0]].name, "a");
    EXPECT_EQ(graph[graph.outputs[1]].name, "b");
}

TEST(RemoveIdentities, DropsWhatHandsItsInputThrough) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId x = b.input("x", DataType::float32, {"n", "m"});
    const ValueId same = b.transpose(b.cast(b.node("Identity", {x}), DataType::float32), {0, 1});
    b.output("y", b.node("Relu", {same}), std::nullopt);
    b.output("z", b.transpose(same, {1, 0}), std::nullopt);
    Graph graph = b.finish().value();
    EXPECT_EQ(remove_identities(graph).value(), 3);
    EXPECT_THAT(operators_of(graph), ElementsAre("Relu", "Transpose"));
    ASSERT_TRUE(graph.validate().ok());
}

TEST(RunPasses, NamesThePassThatBreaksTheGraph) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId x = b.input("x", DataType::float32, {"n"});
    b.output("y", b.node("Relu", {x}), std::nullopt);
    Graph graph = b.finish().value();
    const Pass wrecker{"wrecker", [](Graph& g, FoldingBudget&) -> Result<int> {
                           g.nodes.clear();
                           return 1;
                       }};
    const auto result = run_passes(graph, std::span(&wrecker, 1));
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, HasSubstr("pass wrecker"));
}

} // namespace
} // namespace detect
