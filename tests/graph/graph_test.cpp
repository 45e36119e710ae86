// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.h"

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Node make_node(const std::string& op, const std::string& name, std::vector<ValueId> inputs) {
    Node node;
    node.op = op;
    node.name = name;
    node.inputs = std::move(inputs);
    return node;
}

/// x → Neg (a) → Abs (b) → output; Exp (c) of x is read by nobody, the constant k by nobody either.
struct Chain {
    Graph graph;
    ValueId x, a, b, c, k;

    Chain() {
        x = graph.add_input("x", DataType::float32, Shape{"n"});
        k = graph.add_constant("k", Tensor::scalar(1.0F));
        a = add("Neg", "negate", x);
        c = add("Exp", "unread", x);
        b = add("Abs", "magnitude", a);
        graph.outputs = {b};
    }

    ValueId add(const std::string& op, const std::string& name, ValueId input) {
        auto outputs = graph.add_node(make_node(op, name, {input}));
        EXPECT_TRUE(outputs.ok()) << outputs.error().message;
        return outputs->front();
    }

    [[nodiscard]] std::vector<std::string> node_names() const {
        std::vector<std::string> names;
        for (const Node& node : graph.nodes) names.push_back(node.name);
        return names;
    }
};

TEST(Graph, AddsNodesWithInferredOutputs) {
    const Chain chain;
    EXPECT_EQ(chain.graph[chain.b].name, "magnitude");
    EXPECT_EQ(chain.graph[chain.b].type, DataType::float32);
    EXPECT_EQ(to_string(chain.graph[chain.b].shape), "[n]");
    EXPECT_TRUE(chain.graph.validate().ok());
}

TEST(Graph, NamesAreUnique) {
    Graph graph;
    EXPECT_EQ(graph[graph.add_constant("a", Tensor::scalar(1.0F))].name, "a");
    EXPECT_EQ(graph[graph.add_constant("a", Tensor::scalar(1.0F))].name, "a_1");
    EXPECT_EQ(graph[graph.add_constant("a_1", Tensor::scalar(1.0F))].name, "a_1_1");
    EXPECT_EQ(graph.unique_name("a"), "a_2");
}

TEST(Graph, KnowsProducersAndReaders) {
    const Chain chain;
    EXPECT_THAT(chain.graph.use_counts(), ElementsAre(2, 0, 1, 0, 1)); // x, k, a, c, b
    EXPECT_THAT(chain.graph.producers(), ElementsAre(-1, -1, 0, 1, 2));
}

TEST(Graph, ReplacingUsesReachesNodesAndOutputs) {
    Chain chain;
    chain.graph.replace_uses(chain.a, chain.x);
    EXPECT_EQ(chain.graph.nodes[2].inputs[0], chain.x);
    chain.graph.replace_uses(chain.b, chain.c);
    EXPECT_EQ(chain.graph.outputs[0], chain.c);
}

TEST(Graph, DropsWhatNobodyReads) {
    Chain chain;
    chain.graph.remove_unused();
    EXPECT_THAT(chain.node_names(), ElementsAre("negate", "magnitude"));
    ASSERT_EQ(chain.graph.values.size(), 3U);
    EXPECT_EQ(chain.graph[chain.graph.outputs[0]].name, "magnitude");
    EXPECT_EQ(chain.graph[chain.graph.inputs[0]].name, "x");
    EXPECT_TRUE(chain.graph.validate().ok());
    EXPECT_EQ(chain.graph.unique_name("k"), "k") << "the name of a dropped value is free again";
}

TEST(Graph, KeepsInputsThatNobodyReads) {
    Graph graph;
    graph.add_input("unused", DataType::float32, Shape{});
    graph.remove_unused();
    EXPECT_EQ(graph.inputs.size(), 1U);
    EXPECT_EQ(graph.values.size(), 1U);
}

TEST(Graph, SortsNodesAndKeepsTheOrderWhereItIsFree) {
    Chain chain;
    std::swap(chain.graph.nodes[0], chain.graph.nodes[2]);
    EXPECT_FALSE(chain.graph.validate().ok());
    ASSERT_TRUE(chain.graph.sort_topologically().ok());
    EXPECT_THAT(chain.node_names(), ElementsAre("unread", "negate", "magnitude"));
    EXPECT_TRUE(chain.graph.validate().ok());
}

TEST(Graph, ACycleNamesANode) {
    Chain chain;
    chain.graph.nodes[0].inputs[0] = chain.b;
    const auto sorted = chain.graph.sort_topologically();
    ASSERT_FALSE(sorted.ok());
    EXPECT_EQ(sorted.error().code, ErrorCode::bad_model);
    EXPECT_THAT(sorted.error().message, HasSubstr("cycle through node 'negate' (Neg)"));
}

TEST(Graph, ValidationFindsWhatIsBroken) {
    const auto message = [](const auto& damage) {
        Chain chain;
        damage(chain);
        const auto result = chain.graph.validate();
        return result.ok() ? std::string("sound") : result.error().message;
    };
    EXPECT_EQ(message([](Chain&) {}), "sound");
    EXPECT_THAT(message([](Chain& c) { c.graph.nodes[0].inputs[0] = ValueId{99}; }),
                HasSubstr("nothing before it computes"));
    EXPECT_THAT(message([](Chain& c) { c.graph.nodes[0].inputs[0] = c.b; }), HasSubstr("nothing before it computes"));
    EXPECT_THAT(message([](Chain& c) { c.graph.nodes[1].outputs[0] = c.a; }), HasSubstr("exists already"));
    EXPECT_THAT(message([](Chain& c) { c.graph[c.b].type = DataType::int64; }),
                HasSubstr("declared int64, but is float32"));
    EXPECT_THAT(message([](Chain& c) { c.graph.outputs[0] = ValueId{}; }), HasSubstr("output is computed by no node"));
    EXPECT_THAT(message([](Chain& c) { c.graph.inputs[0] = ValueId{99}; }), HasSubstr("input does not exist"));
    EXPECT_THAT(message([](Chain& c) { c.graph.nodes[0].op = "Nag"; }), HasSubstr("not implemented"));
}

TEST(Shape, KnowsWhenItIsComplete) {
    EXPECT_EQ(to_dims(Shape{2, 3}), (Dims{2, 3}));
    EXPECT_EQ(to_dims(Shape{2, "n"}), std::nullopt);
    EXPECT_EQ(to_dims(std::nullopt), std::nullopt);
    EXPECT_EQ(to_string(Shape{"batch", 3, Dim()}), "[batch, 3, ?]");
    EXPECT_EQ(to_string(std::optional<Shape>()), "[...]");
}

} // namespace

} // namespace detect::test
