// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"

#include "graph/builder.h"

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// y = (x + 1) · x, for x of any length.
Graph parabola() {
    const ParameterMap none;
    GraphBuilder build(none);
    const ValueId x = build.input("x", DataType::float32, {"length"});
    const ValueId sum = build.add(x, build.scalar(1.0F));
    build.output("y", build.mul(sum, x), std::nullopt);
    auto graph = build.finish();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    return *std::move(graph);
}

TEST(Interpreter, RunsNodesInOrder) {
    const Graph graph = parabola();
    const auto outputs = interpret(graph, std::vector{Tensor::of<float>({3}, {1, 2, 3})});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    ASSERT_EQ(outputs->size(), 1U);
    EXPECT_THAT(outputs->front().data<float>(), ElementsAre(2, 6, 12));
}

TEST(Interpreter, HandsOutAnyValueAskedFor) {
    const Graph graph = parabola();
    const std::vector<ValueId> wanted = {graph.nodes[0].outputs[0], graph.inputs[0], graph.outputs[0],
                                         graph.nodes[0].outputs[0]};
    const auto values = interpret(graph, std::vector{Tensor::of<float>({2}, {1, 2})}, wanted);
    ASSERT_TRUE(values.ok()) << values.error().message;
    EXPECT_THAT((*values)[0].data<float>(), ElementsAre(2, 3));
    EXPECT_THAT((*values)[1].data<float>(), ElementsAre(1, 2));
    EXPECT_THAT((*values)[2].data<float>(), ElementsAre(2, 6));
    EXPECT_THAT((*values)[3].data<float>(), ElementsAre(2, 3));
}

TEST(Interpreter, LeavesItsInputsAndConstantsAsTheyWere) {
    const Graph graph = parabola();
    const Tensor x = Tensor::of<float>({2}, {1, 2});
    for (int run = 0; run < 2; ++run) {
        const auto outputs = interpret(graph, std::vector{x});
        ASSERT_TRUE(outputs.ok());
        EXPECT_THAT(outputs->front().data<float>(), ElementsAre(2, 6));
        EXPECT_THAT(x.data<float>(), ElementsAre(1, 2));
    }
}

TEST(Interpreter, RefusesInputsOfAnotherKind) {
    const Graph graph = parabola();
    const auto none = interpret(graph, std::vector<Tensor>{});
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
    const auto type = interpret(graph, std::vector{Tensor::of<std::int64_t>({1}, {1})});
    ASSERT_FALSE(type.ok());
    EXPECT_THAT(type.error().message, HasSubstr("input 'x' is int64, expected float32"));
    const auto rank = interpret(graph, std::vector{Tensor::of<float>({1, 1}, {1})});
    ASSERT_FALSE(rank.ok());
    EXPECT_THAT(rank.error().message, HasSubstr("input 'x' is [1, 1], expected [length]"));
}

TEST(Interpreter, OneNameIsOneSize) {
    Graph graph;
    const ValueId a = graph.add_input("a", DataType::float32, Shape{"n"});
    const ValueId b = graph.add_input("b", DataType::float32, Shape{"n"});
    const auto sum =
        graph.add_node({.op = "Add", .name = "sum", .inputs = {a, b}, .outputs = {}, .attributes = {}, .domain = ""});
    ASSERT_TRUE(sum.ok());
    graph.outputs = *sum;
    EXPECT_TRUE(interpret(graph, std::vector{Tensor::of<float>({2}, {1, 2}), Tensor::of<float>({2}, {1, 2})}).ok());
    EXPECT_FALSE(interpret(graph, std::vector{Tensor::of<float>({2}, {1, 2}), Tensor::of<float>({1}, {1})}).ok());
}

TEST(Interpreter, AFailureNamesItsNode) {
    Graph graph;
    const ValueId a = graph.add_input("a", DataType::int64, Shape{Dim(1)});
    const ValueId b = graph.add_input("b", DataType::int64, Shape{Dim(1)});
    const auto quotient =
        graph.add_node({.op = "Div", .name = "share", .inputs = {a, b}, .outputs = {}, .attributes = {}, .domain = ""});
    ASSERT_TRUE(quotient.ok());
    graph.outputs = *quotient;
    const auto result =
        interpret(graph, std::vector{Tensor::of<std::int64_t>({1}, {1}), Tensor::of<std::int64_t>({1}, {0})});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().message, "node 'share' (Div): divides an integer by 0");
}

} // namespace

} // namespace detect::test
