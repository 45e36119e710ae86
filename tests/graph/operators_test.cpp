// SPDX-License-Identifier: Apache-2.0
#include "graph/operators.h"

#include <algorithm>
#include <tuple>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Operators, AreSortedAndFoundByName) {
    const auto all = operators();
    EXPECT_TRUE(std::ranges::is_sorted(all, {}, [](const Operator& op) { return std::tuple(op.domain, op.name); }));
    for (const Operator& op : all) EXPECT_EQ(find_operator(op.domain, op.name), &op) << op.name;
    EXPECT_EQ(find_operator("", "Con"), nullptr);
    EXPECT_EQ(find_operator("", "Convolution"), nullptr);
    EXPECT_EQ(find_operator("ai.onnx.ml", "Add"), nullptr);
}

TEST(Operators, HaveConsistentDeclarations) {
    for (const Operator& op : operators()) {
        EXPECT_LE(op.inputs.least, op.inputs.most) << op.name;
        EXPECT_LE(op.outputs.least, op.outputs.most) << op.name;
        EXPECT_GE(op.outputs.least, 1U) << op.name;
        EXPECT_LE(op.since, 17) << op.name;
        for (const AttributeRule& rule : op.attributes) {
            EXPECT_EQ(std::ranges::count(op.attributes, rule.name, &AttributeRule::name), 1)
                << op.name << ' ' << rule.name;
        }
    }
}

template <class Has>
std::vector<std::string> names_of(Has has) {
    std::vector<std::string> names;
    for (const Operator& op : operators()) {
        if (has(op)) names.emplace_back(op.name);
    }
    return names;
}

/// What the passes and the checks rely on, name by name: to give an operator a trait is a decision, not a habit.
TEST(OperatorTraits, AreHadByTheseOperatorsAndNoOthers) {
    EXPECT_THAT(names_of([](const Operator& op) { return op.elementwise; }),
                ElementsAre("Abs", "Add", "Ceil", "Clip", "Div", "Elu", "Erf", "Exp", "Floor", "HardSigmoid",
                            "HardSwish", "LeakyRelu", "Mul", "Neg", "Relu", "Sigmoid", "Sqrt", "Sub", "Tanh", "Where"));
    EXPECT_THAT(names_of([](const Operator& op) { return op.work == Work::unbounded; }),
                ElementsAre("AveragePool", "Conv", "ConvInteger", "ConvTranspose", "Det", "Einsum", "Gemm",
                            "GridSample", "LRN", "Loop", "LpPool", "MatMul", "MatMulInteger", "MaxPool",
                            "NonMaxSuppression", "QLinearConv", "QLinearMatMul", "Resize", "RoiAlign"));
    EXPECT_THAT(names_of([](const Operator& op) { return op.moves_numbers; }),
                ElementsAre("Cast", "Concat", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity",
                            "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"));
    EXPECT_THAT(
        names_of([](const Operator& op) { return op.takes_weights; }),
        ElementsAre("BatchNormalization", "Conv", "ConvTranspose", "Gemm", "LayerNormalization", "MatMul", "PRelu"));
}

Node node_of(std::string op, std::string domain = "") {
    Node node;
    node.op = std::move(op);
    node.domain = std::move(domain);
    return node;
}

TEST(OperatorTraits, OfANodeAreItsOperators) {
    EXPECT_TRUE(has_trait(node_of("Add"), &Operator::elementwise));
    EXPECT_FALSE(has_trait(node_of("Concat"), &Operator::elementwise));
    EXPECT_TRUE(has_bounded_work(node_of("Add")));
    EXPECT_FALSE(has_bounded_work(node_of("Conv")));
}

/// Operators that have no row have no trait, and may take any time: the last three are known to.
TEST(OperatorTraits, OfAnUnknownOperatorAreNone) {
    for (const Node& node : {node_of("Add", "com.example"), node_of("Frobnicate"), node_of("MaxRoiPool"),
                             node_of("MaxUnpool"), node_of("Scan")}) {
        EXPECT_EQ(find_operator(node), nullptr) << node.op;
        EXPECT_FALSE(has_trait(node, &Operator::elementwise)) << node.op;
        EXPECT_FALSE(has_bounded_work(node)) << node.op;
    }
}

/// A graph with float inputs x and y of [2, 3], to put one node into.
class OneNode : public testing::Test {
protected:
    OneNode() {
        x = graph.add_input("x", DataType::float32, Shape{2, 3});
        y = graph.add_input("y", DataType::float32, Shape{2, 3});
    }

    std::string failure(const std::string& op, std::vector<ValueId> inputs,
                        std::map<std::string, Attribute, std::less<>> attributes = {}, std::size_t outputs = 1) {
        Node node;
        node.op = op;
        node.name = "n";
        node.inputs = std::move(inputs);
        node.attributes = std::move(attributes);
        auto result = graph.add_node(std::move(node), outputs);
        if (result.ok()) return "";
        code = result.error().code;
        return result.error().message;
    }

    Graph graph;
    ValueId x, y;
    ErrorCode code = ErrorCode::internal;
};

TEST_F(OneNode, InputsAreCounted) {
    EXPECT_EQ(failure("Add", {x, y}), "");
    EXPECT_EQ(failure("Add", {x}), "node 'n' (Add): has 1 inputs, expected 2");
    EXPECT_EQ(code, ErrorCode::bad_model);
    EXPECT_EQ(failure("Add", {x, ValueId{}}), "node 'n' (Add): input 1 is required, but left out");
    EXPECT_EQ(failure("Clip", {x, x, x, x}), "node 'n' (Clip): has 4 inputs, expected 1 to 3");
    EXPECT_EQ(failure("Concat", {}, {{"axis", std::int64_t{0}}}),
              "node 'n' (Concat): has 0 inputs, expected at least 1");
}

TEST_F(OneNode, OutputsAreCounted) {
    EXPECT_EQ(failure("Add", {x, y}, {}, 2), "node 'n' (Add): has 2 outputs, expected 1");
    EXPECT_EQ(failure("Split", {x}, {{"axis", std::int64_t{1}}}, 3), "");
}

TEST_F(OneNode, AttributesAreChecked) {
    EXPECT_EQ(failure("Relu", {x}, {{"alpha", 1.0F}}), "node 'n' (Relu): has no attribute named 'alpha'");
    EXPECT_EQ(failure("Concat", {x, y}), "node 'n' (Concat): attribute 'axis' is missing");
    EXPECT_EQ(failure("Concat", {x, y}, {{"axis", 1.0F}}),
              "node 'n' (Concat): attribute 'axis' is a float, expected an integer");
}

TEST_F(OneNode, UnknownOperatorsAreUnsupported) {
    EXPECT_EQ(failure("Frobnicate", {x}), "node 'n' (Frobnicate): the operator is not implemented (opset 17)");
    EXPECT_EQ(code, ErrorCode::unsupported);
}

TEST_F(OneNode, OperatorsHaveAFirstOpset) {
    graph.opset = 13;
    EXPECT_EQ(failure("HardSwish", {x}), "node 'n' (HardSwish): exists from opset 14 on, the graph is opset 13");
    EXPECT_EQ(code, ErrorCode::unsupported);
    graph.opset = 14;
    EXPECT_EQ(failure("HardSwish", {x}), "");
}

TEST_F(OneNode, TypesAreChecked) {
    const ValueId flags = graph.add_input("flags", DataType::boolean, Shape{2, 3});
    const ValueId half = graph.add_input("half", DataType::float16, Shape{2, 3});
    EXPECT_THAT(failure("Add", {flags, flags}), HasSubstr("input 0 is bool, allowed: float32"));
    EXPECT_EQ(code, ErrorCode::bad_model);
    EXPECT_THAT(failure("Add", {half, half}), HasSubstr("input 0 is float16, which is only moved and cast here"));
    EXPECT_EQ(code, ErrorCode::unsupported);
    EXPECT_EQ(failure("Transpose", {half}), "");
    EXPECT_EQ(failure("Cast", {half}, {{"to", std::int64_t{1}}}), "");
    EXPECT_THAT(failure("Cast", {x}, {{"to", std::int64_t{99}}}), HasSubstr("unknown type, number 99"));
}

TEST_F(OneNode, WhereOlderOpsetsHaveAttributesNewerOnesHaveInputs) {
    const ValueId axes = graph.add_constant("axes", Tensor::of<std::int64_t>({1}, {0}));
    const std::map<std::string, Attribute, std::less<>> attribute = {{"axes", std::vector<std::int64_t>{0}}};
    graph.opset = 12;
    EXPECT_EQ(failure("Unsqueeze", {x}, attribute), "");
    EXPECT_EQ(failure("Unsqueeze", {x, axes}),
              "node 'n' (Unsqueeze): 'axes' is an attribute before opset 13, but is given as an input");
    EXPECT_EQ(failure("ReduceMax", {x}, attribute), "");
    graph.opset = 13;
    EXPECT_EQ(failure("Unsqueeze", {x, axes}), "");
    EXPECT_EQ(failure("Unsqueeze", {x}, attribute),
              "node 'n' (Unsqueeze): 'axes' is an input from opset 13 on, but is given as an attribute");
    EXPECT_EQ(failure("ReduceSum", {x, axes}), "");
    EXPECT_EQ(failure("ReduceMax", {x}, attribute), "") << "only ReduceSum changed at opset 13";
    EXPECT_THAT(failure("RoiAlign", {x, y, axes}, {{"coordinate_transformation_mode", std::string("half_pixel")}}),
                testing::Not(""));
}

TEST_F(OneNode, TensorsHaveAtMostEightDimensionsAndAddressableSizes) {
    const ValueId nine = graph.add_constant("nine", Tensor::of<std::int64_t>({7}, {0, 1, 2, 3, 4, 5, 6}));
    EXPECT_THAT(failure("Unsqueeze", {x, nine}), HasSubstr("an output has 9 dimensions; at most 8 are supported"));
    EXPECT_EQ(code, ErrorCode::unsupported);
    const std::int64_t big = std::int64_t{1} << 31;
    const ValueId shape = graph.add_constant("shape", Tensor::of<std::int64_t>({2}, {big, big}));
    EXPECT_THAT(failure("ConstantOfShape", {shape}), HasSubstr("too large to address"));
    EXPECT_EQ(code, ErrorCode::resource_limit);
}

} // namespace

} // namespace detect::test
