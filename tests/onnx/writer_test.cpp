// SPDX-License-Identifier: Apache-2.0
// What is written is what was there, and ONNX's own tools accept it.

#include "onnx/model_checker.h"
#include "onnx/writer.h"

#include "export/network.h"
#include "graph/builder.h"
#include "onnx/reader.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ContainerEq;
using testing::HasSubstr;

Graph written_and_read(const Graph& graph) {
    const std::string bytes = require(write_onnx(graph));
    return require(read_onnx(std::as_bytes(std::span(bytes)), "written"));
}

bool same_tensor(const Tensor& a, const Tensor& b) {
    return a.type() == b.type() && a.dims() == b.dims() && std::ranges::equal(a.bytes(), b.bytes());
}

bool same_attribute(const Attribute& a, const Attribute& b) {
    if (const auto* tensor = std::get_if<Tensor>(&a)) {
        const auto* other = std::get_if<Tensor>(&b);
        return other != nullptr && same_tensor(*tensor, *other);
    }
    const auto same = [&]<class T>(std::type_identity<T>) {
        const auto* one = std::get_if<T>(&a);
        const auto* other = std::get_if<T>(&b);
        return one != nullptr && other != nullptr && *one == *other;
    };
    return same(std::type_identity<std::int64_t>()) || same(std::type_identity<float>()) ||
           same(std::type_identity<std::string>()) || same(std::type_identity<std::vector<std::int64_t>>()) ||
           same(std::type_identity<std::vector<float>>()) || same(std::type_identity<std::vector<std::string>>());
}

std::vector<std::string> names(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<std::string> result;
    for (const ValueId id : ids) result.push_back(id.present() ? graph[id].name : "");
    return result;
}

void expect_equal_nodes(const Graph& a, const Graph& b) {
    ASSERT_EQ(a.nodes.size(), b.nodes.size());
    for (std::size_t i = 0; i < a.nodes.size(); ++i) {
        const Node& one = a.nodes[i];
        const Node& other = b.nodes[i];
        EXPECT_EQ(one.op, other.op);
        EXPECT_EQ(one.name, other.name);
        EXPECT_EQ(one.domain, other.domain);
        EXPECT_THAT(names(a, one.inputs), ContainerEq(names(b, other.inputs))) << one.name;
        EXPECT_THAT(names(a, one.outputs), ContainerEq(names(b, other.outputs))) << one.name;
        ASSERT_EQ(one.attributes.size(), other.attributes.size()) << one.name;
        for (const auto& [name, attribute] : one.attributes) {
            ASSERT_TRUE(other.attributes.contains(name)) << one.name << " " << name;
            EXPECT_TRUE(same_attribute(attribute, other.attributes.find(name)->second)) << one.name << " " << name;
        }
    }
}

void expect_equal_values(const Graph& a, const Graph& b) {
    std::map<std::string, const Value*> others;
    for (const Value& value : b.values) others.emplace(value.name, &value);
    EXPECT_EQ(a.values.size(), b.values.size());
    for (const Value& value : a.values) {
        ASSERT_TRUE(others.contains(value.name)) << value.name;
        const Value& other = *others.at(value.name);
        EXPECT_EQ(value.type, other.type) << value.name;
        ASSERT_EQ(value.constant.defined(), other.constant.defined()) << value.name;
        if (value.constant.defined()) {
            EXPECT_TRUE(same_tensor(value.constant, other.constant)) << value.name;
        }
    }
}

void expect_equal(const Graph& a, const Graph& b) {
    EXPECT_EQ(a.opset, b.opset);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.metadata, b.metadata);
    for (const auto& [own, other] : {std::pair{&a.inputs, &b.inputs}, std::pair{&a.outputs, &b.outputs}}) {
        EXPECT_THAT(names(a, *own), ContainerEq(names(b, *other)));
        for (std::size_t i = 0; i < std::min(own->size(), other->size()); ++i) {
            EXPECT_EQ(a[(*own)[i]].type, b[(*other)[i]].type);
            EXPECT_EQ(to_string(a[(*own)[i]].shape), to_string(b[(*other)[i]].shape));
        }
    }
    expect_equal_nodes(a, b);
    expect_equal_values(a, b);
}

/// The whole network, not simplified.
Graph network(OutputLayout layout) {
    Graph graph = require(build_network(ParameterMap(bundled_tensors()), 7, NetworkSettings{}, layout)).graph;
    graph.metadata = {{"labels", R"(["open","short"])"}, {"empty", ""}, {"Größe", "800 × 1333"}};
    return graph;
}

TEST(OnnxWriter, TheNetworkReadsBackEqual) {
    for (const OutputLayout layout : {OutputLayout::batched, OutputLayout::torchvision}) {
        const Graph graph = network(layout);
        expect_equal(graph, written_and_read(graph));
    }
}

TEST(OnnxWriter, TheSameGraphGivesTheSameBytes) {
    EXPECT_EQ(require(write_onnx(network(OutputLayout::batched))), require(write_onnx(network(OutputLayout::batched))));
}

TEST(OnnxWriter, EveryKindOfConstantAndAttributeReadsBackEqual) {
    Graph graph;
    graph.opset = 13;
    graph.name = "kinds";
    const ValueId input = graph.add_input("input", DataType::float32, Shape{"n", 4, Dim()});
    // Attributes: integers, a real, a text; an input that is left out.
    const auto resized =
        require(graph.add_node({.op = "Resize",
                                .name = "resize",
                                .inputs = {input, {}, graph.add_constant("scales", Tensor::of<float>({3}, {1, 1, 2}))},
                                .outputs = {},
                                .attributes = {{"mode", std::string("linear")},
                                               {"cubic_coeff_a", -0.5F},
                                               {"exclude_outside", std::int64_t{0}}},
                                .domain = ""}));
    const auto shape = require(graph.add_node(
        {.op = "Shape", .name = "shape", .inputs = {resized[0]}, .outputs = {}, .attributes = {}, .domain = ""}));
    const auto filled = require(graph.add_node({.op = "ConstantOfShape",
                                                .name = "filled",
                                                .inputs = {shape[0]},
                                                .outputs = {},
                                                .attributes = {{"value", Tensor::of<std::int64_t>({1}, {-7})}},
                                                .domain = ""}));
    const auto turned = require(graph.add_node({.op = "Transpose",
                                                .name = "turned",
                                                .inputs = {filled[0]},
                                                .outputs = {},
                                                .attributes = {{"perm", std::vector<std::int64_t>{2, 0, 1}}},
                                                .domain = ""}));
    graph.outputs = {turned[0], resized[0]};
    for (const Tensor& constant : {Tensor::of<bool>({2}, {true, false}), Tensor::of<std::uint8_t>({3}, {0, 1, 255}),
                                   Tensor::of<double>({}, {0.1}), Tensor::of<std::int32_t>({0, 5}, {}),
                                   Tensor::of<std::int64_t>({1, 1, 2}, {INT64_MIN, INT64_MAX})}) {
        graph.outputs.push_back(graph.add_constant("constant", constant));
    }
    expect_equal(graph, written_and_read(graph));
}

TEST(OnnxChecker, AcceptsTheNetwork) {
    for (const OutputLayout layout : {OutputLayout::batched, OutputLayout::torchvision}) {
        const auto result = check_onnx(require(write_onnx(network(layout))));
        EXPECT_TRUE(result.ok()) << result.error().message;
    }
}

TEST(OnnxChecker, ObjectsToBrokenModels) {
    const auto objection = [](const auto& spoil) {
        Graph graph = network(OutputLayout::batched);
        spoil(graph);
        const auto result = check_onnx(require(write_onnx(graph)));
        EXPECT_FALSE(result.ok());
        if (result.ok()) return std::string();
        EXPECT_EQ(result.error().code, ErrorCode::verification_failed);
        EXPECT_THAT(result.error().message, testing::Not(HasSubstr("\n")));
        return result.error().message;
    };
    const auto first = [](Graph& graph, std::string_view op) -> Node& {
        return *std::ranges::find(graph.nodes, op, &Node::op);
    };
    EXPECT_THAT(objection([&](Graph& graph) { first(graph, "Conv").op = "Convolve"; }), HasSubstr("Convolve"));
    EXPECT_THAT(objection([&](Graph& graph) { first(graph, "Gemm").inputs.resize(1); }),
                HasSubstr("ONNX's checker objects"));
    objection([&](Graph& graph) { first(graph, "Softmax").attributes["axis"] = 1.5F; });
    objection([&](Graph& graph) { first(graph, "Softmax").attributes["axes"] = std::int64_t{1}; });
    objection([&](Graph& graph) { std::ranges::reverse(graph.nodes); });
    objection([&](Graph& graph) { graph.opset = 9; });
    // Shape inference is strict: a declared type or rank that does not follow is refused.
    objection([&](Graph& graph) { graph[graph.outputs[0]].type = DataType::int64; });
    objection([&](Graph& graph) { graph[graph.outputs[3]].shape = Shape{"batch", 1}; });
    EXPECT_FALSE(check_onnx("no model at all").ok());
}

} // namespace
} // namespace detect::test
