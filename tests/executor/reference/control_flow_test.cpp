// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"
#include "onnx/reader.h"
#include "tests/onnx/model_proto.h"

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Graph> read(const ModelProto& model) {
    const std::string bytes = model.bytes();
    return read_onnx(std::as_bytes(std::span(bytes)), "model.onnx");
}

onnx::GraphProto& body_of(onnx::NodeProto& node, const std::string& name) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    return *attribute.mutable_g();
}

onnx::NodeProto& add_node(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& inputs,
                          const std::string& output) {
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type(op);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
}

/// y = flag ? x + x : Neg(w)[0], where the branches read x and w from around them.
ModelProto choice() {
    ModelProto model;
    model.input("flag", {}, 9);
    model.input("x", {2});
    model.input("w", {1, 2});
    auto& node = model.node("If", {"flag"}, {"y"}, "choice");
    auto& yes = body_of(node, "then_branch");
    add_node(yes, "Add", {"x", "x"}, "sum");
    yes.add_output()->set_name("sum");
    auto& no = body_of(node, "else_branch");
    add_node(no, "Neg", {"w"}, "negative");
    no.add_output()->set_name("negative");
    model.output("y", {});
    model.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
    return model;
}

std::vector<Tensor> choice_inputs(bool flag) {
    return {Tensor::scalar(flag), Tensor::of<float>({2}, {1, 2}), Tensor::of<float>({1, 2}, {5, 6})};
}

TEST(If, TakesOneBranch) {
    const auto graph = read(choice());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(to_string((*graph)[graph->outputs[0]].shape), "[...]") << "the branches differ in rank";
    const auto yes = interpret(*graph, choice_inputs(true));
    ASSERT_TRUE(yes.ok()) << yes.error().message;
    EXPECT_THAT(yes->front().data<float>(), ElementsAre(2, 4));
    const auto no = interpret(*graph, choice_inputs(false));
    ASSERT_TRUE(no.ok()) << no.error().message;
    EXPECT_THAT(no->front().data<float>(), ElementsAre(-5, -6));
    EXPECT_EQ(to_string(no->front().dims()), "[1, 2]");
}

TEST(If, WhatBranchesReadIsAnInputOfTheNode) {
    const auto graph = read(choice());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const Node& node = graph->nodes.front();
    ASSERT_EQ(node.inputs.size(), 3U);
    EXPECT_EQ((*graph)[node.inputs[1]].name, "x");
    EXPECT_EQ((*graph)[node.inputs[2]].name, "w");
    for (const char* name : {"then_branch", "else_branch"}) {
        const Graph& body = **node.attribute<std::shared_ptr<const Graph>>(name);
        EXPECT_EQ(body.inputs.size(), 2U) << name;
        EXPECT_EQ(body.captured, 2U) << name;
    }
}

TEST(If, ABranchThatCannotRunIsNoHarmUnlessTaken) {
    ModelProto model = choice();
    // [1, 2] + [3] does not broadcast.
    auto& no = *model.graph().mutable_node(0)->mutable_attribute(1)->mutable_g();
    auto& three = *no.add_initializer();
    three.set_name("three");
    three.set_data_type(1);
    three.add_dims(3);
    for (int i = 0; i < 3; ++i) three.add_float_data(0);
    no.mutable_node(0)->set_op_type("Add");
    no.mutable_node(0)->add_input("three");
    const auto graph = read(model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_TRUE(interpret(*graph, choice_inputs(true)).ok());
    const auto failed = interpret(*graph, choice_inputs(false));
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().message, HasSubstr("cannot be broadcast"));
}

TEST(If, BranchesOfDifferentTypesAreRefused) {
    ModelProto model = choice();
    auto& cast = *model.graph().mutable_node(0)->mutable_attribute(1)->mutable_g()->mutable_node(0);
    cast.set_op_type("Cast");
    add_int(cast, "to", 7);
    const auto graph = read(model);
    ASSERT_FALSE(graph.ok());
    EXPECT_THAT(graph.error().message,
                HasSubstr("node 'choice' (If): output 0 is float32 in one branch, int64 in the other"));
}

TEST(If, NamesFromNowhereAreRefused) {
    ModelProto model = choice();
    model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_node(0)->set_input(0, "lost");
    const auto graph = read(model);
    ASSERT_FALSE(graph.ok());
    EXPECT_THAT(graph.error().message, HasSubstr("reads 'lost', which is not defined anywhere"));
}

TEST(If, UnknownOperatorsInBranchesAreListed) {
    ModelProto model = choice();
    model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_node(0)->set_op_type("Frobnicate");
    const auto graph = read(model);
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().code, ErrorCode::unsupported);
    EXPECT_THAT(graph.error().message, HasSubstr("Frobnicate (node 'sum')"));
}

/// total, rows = Loop over `count` trips: total' = total + step (captured), each total is a row, until total ≥ 10.
ModelProto sum_up() {
    ModelProto model;
    model.input("count", {}, 7);
    model.input("start", {2});
    model.initializer("step", {2}, {1, 2});
    model.initializer("limit", {}, {10});
    auto& node = model.node("Loop", {"count", "", "start"}, {"total", "rows"}, "loop");
    auto& body = body_of(node, "body");
    for (const char* name : {"trip", "goes_on", "before"}) body.add_input()->set_name(name);
    add_node(body, "Add", {"before", "step"}, "after");
    add_node(body, "ReduceMax", {"after"}, "largest");
    add_int(*body.mutable_node(1), "keepdims", 0);
    add_node(body, "Less", {"largest", "limit"}, "continues");
    add_node(body, "Identity", {"after"}, "row");
    for (const char* name : {"continues", "after", "row"}) body.add_output()->set_name(name);
    model.output("total", {2});
    model.output("rows", {0, 2});
    model.graph().mutable_output(1)->mutable_type()->mutable_tensor_type()->clear_shape();
    return model;
}

TEST(Loop, CarriesValuesAndStacksRows) {
    const auto graph = read(sum_up());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(to_string((*graph)[graph->outputs[0]].shape), "[2]");
    EXPECT_EQ(to_string((*graph)[graph->outputs[1]].shape), "[?, 2]");
    const auto three = interpret(*graph, std::vector{Tensor::scalar(std::int64_t{3}), Tensor::of<float>({2}, {0, 0})});
    ASSERT_TRUE(three.ok()) << three.error().message;
    EXPECT_THAT((*three)[0].data<float>(), ElementsAre(3, 6));
    EXPECT_EQ(to_string((*three)[1].dims()), "[3, 2]");
    EXPECT_THAT((*three)[1].data<float>(), ElementsAre(1, 2, 2, 4, 3, 6));
    // The second element reaches 10 in the fifth trip.
    const auto many = interpret(*graph, std::vector{Tensor::scalar(std::int64_t{100}), Tensor::of<float>({2}, {0, 0})});
    ASSERT_TRUE(many.ok()) << many.error().message;
    EXPECT_EQ(to_string((*many)[1].dims()), "[5, 2]");
}

TEST(Loop, NoTripLeavesTheStartAndNoRows) {
    const auto graph = read(sum_up());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const auto none = interpret(*graph, std::vector{Tensor::scalar(std::int64_t{0}), Tensor::of<float>({2}, {7, 8})});
    ASSERT_TRUE(none.ok()) << none.error().message;
    EXPECT_THAT((*none)[0].data<float>(), ElementsAre(7, 8));
    EXPECT_EQ(to_string((*none)[1].dims()), "[0, 2]");
}

TEST(Loop, ShapesThatGrowAreNotPromised) {
    // total' = Concat(total, step): the length changes with every trip.
    ModelProto model = sum_up();
    auto& join = *model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_node(0);
    join.set_op_type("Concat");
    add_int(join, "axis", 0);
    auto& body = *model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g();
    body.mutable_output()->RemoveLast();
    model.graph().mutable_node(0)->mutable_output()->RemoveLast();
    model.graph().mutable_output()->RemoveLast();
    const auto graph = read(model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(to_string((*graph)[graph->outputs[0]].shape), "[?]");
    const auto outputs =
        interpret(*graph, std::vector{Tensor::scalar(std::int64_t{2}), Tensor::of<float>({2}, {0, 0})});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT(outputs->front().data<float>(), ElementsAre(0, 0, 1, 2, 1, 2));
}

/// Its condition always holds, and it has no rows.
Graph endless_loop() {
    ModelProto model = sum_up();
    model.graph().mutable_initializer(1)->set_float_data(0, std::numeric_limits<float>::infinity());
    auto& node = *model.graph().mutable_node(0);
    node.set_input(0, "");
    node.mutable_output()->RemoveLast();
    node.mutable_attribute(0)->mutable_g()->mutable_output()->RemoveLast();
    model.graph().mutable_output()->RemoveLast();
    auto graph = read(model);
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    return graph.ok() ? *std::move(graph) : Graph();
}

TEST(Loop, OneThatNeverEndsIsStopped) {
    const std::vector inputs{Tensor::scalar(std::int64_t{0}), Tensor::of<float>({2}, {0, 0})};
    KernelResources few{.iterations = 1000};
    auto outputs = interpret_body(endless_loop(), inputs, few);
    ASSERT_FALSE(outputs.ok());
    EXPECT_EQ(outputs.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(outputs.error().message, HasSubstr("node 'loop' (Loop): goes on without an end: stopped after 1000"));

    // A few iterations may be much work.
    KernelResources little{.bytes = 10'000};
    outputs = interpret_body(endless_loop(), inputs, little);
    ASSERT_FALSE(outputs.ok());
    EXPECT_EQ(outputs.error().code, ErrorCode::resource_limit);
    EXPECT_GT(little.iterations, 0);
}

TEST(Loop, BodiesTakeTheirMemoryWhereTheirNodeDoes) {
    const auto graph = read(sum_up());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    KernelResources nothing{.allocate = [](DataType, const Dims&) -> Result<Tensor> {
        return Error{ErrorCode::resource_limit, "nothing is left"};
    }};
    const auto outputs =
        interpret_body(*graph, std::vector{Tensor::scalar(std::int64_t{3}), Tensor::of<float>({2}, {0, 0})}, nothing);
    ASSERT_FALSE(outputs.ok());
    EXPECT_EQ(outputs.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(outputs.error().message, HasSubstr("(Add): nothing is left")); // the first node of the body
}

TEST(Loop, ABodyInABodyReadsFromFurtherOut) {
    // Inside the loop: after = If(true) { before + step }, where step is two graphs further out.
    ModelProto model = sum_up();
    auto& body = *model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g();
    auto& first = *body.mutable_node(0);
    first.set_op_type("If");
    first.clear_input();
    first.add_input("goes_on");
    for (const char* name : {"then_branch", "else_branch"}) {
        auto& branch = body_of(first, name);
        add_node(branch, "Add", {"before", "step"}, "sum");
        branch.add_output()->set_name("sum");
    }
    const auto graph = read(model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const auto outputs =
        interpret(*graph, std::vector{Tensor::scalar(std::int64_t{2}), Tensor::of<float>({2}, {0, 0})});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT((*outputs)[0].data<float>(), ElementsAre(2, 4));
}

} // namespace

} // namespace detect::test
