// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"
#include "graph/operators.h"
#include "onnx/reader.h"
#include "tests/executor/reference/node_tests.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

/// What a shape rule says before a run must hold in the run, however little it was told.
namespace detect::test {

namespace {

/// What a rule is told of a size: all of it, its name alone (equal sizes, equal names), or nothing.
Dim hidden(std::int64_t size, std::mt19937& random) {
    switch (random() % 4) {
    case 0: return Dim("size_" + std::to_string(size));
    case 1: return Dim();
    default: return Dim(size);
    }
}

ShapeContext::Input hidden(const Tensor& tensor, std::mt19937& random) {
    ShapeContext::Input input{.present = true, .type = tensor.type(), .shape = Shape{}, .constant = nullptr};
    for (const std::int64_t size : tensor.dims()) input.shape->push_back(hidden(size, random));
    if (random() % 8 == 0) input.shape.reset();
    // A constant's sizes are known as well.
    if (random() % 2 == 0) {
        input.constant = &tensor;
        input.shape = to_shape(tensor.dims());
    }
    return input;
}

ShapeContext::Input known(const Tensor& tensor) {
    return {.present = true, .type = tensor.type(), .shape = to_shape(tensor.dims()), .constant = &tensor};
}

void expect_agreement(const ShapeContext::Output& said, const Tensor& actual, const std::string& who) {
    EXPECT_EQ(to_string(said.type), to_string(actual.type())) << who;
    if (!said.shape) return;
    ASSERT_EQ(said.shape->size(), actual.dims().rank())
        << who << ": said " << to_string(said.shape) << ", is " << to_string(actual.dims());
    for (std::size_t axis = 0; axis < said.shape->size(); ++axis) {
        const Dim& dim = (*said.shape)[axis];
        if (dim.size) {
            EXPECT_EQ(*dim.size, actual.dims()[axis]) << who << ", axis " << axis;
        } else if (!dim.symbol.empty()) {
            EXPECT_EQ(dim.symbol, "size_" + std::to_string(actual.dims()[axis])) << who << ", axis " << axis;
        }
    }
}

/// Operators whose output sizes depend on the inputs' values in ways that only running them can tell.
const std::set<std::string> data_dependent = {"Compress", "If", "Loop", "NonMaxSuppression", "NonZero", "Unique"};

/// A node of a model that ran, with the values it met.
struct Evaluated {
    const Node* node;
    std::vector<Tensor> inputs;
    std::vector<Tensor> outputs;
};

std::vector<Evaluated> evaluate(const Graph& graph, const NodeTestData& data) {
    std::vector<ValueId> wanted;
    for (const Node& node : graph.nodes) {
        for (const auto* ids : {&node.inputs, &node.outputs}) {
            std::ranges::copy_if(*ids, std::back_inserter(wanted), [](ValueId id) { return id.present(); });
        }
    }
    auto values = interpret(graph, data.inputs, wanted);
    EXPECT_TRUE(values.ok()) << values.error().message;
    if (!values.ok()) return {};
    std::vector<Evaluated> result;
    auto next = values->begin();
    for (const Node& node : graph.nodes) {
        Evaluated evaluated{&node, {}, {}};
        for (const ValueId id : node.inputs) evaluated.inputs.push_back(id.present() ? *next++ : Tensor());
        for (const ValueId id : node.outputs) evaluated.outputs.push_back(id.present() ? *next++ : Tensor());
        result.push_back(std::move(evaluated));
    }
    return result;
}

void check(const Evaluated& evaluated, int opset, const std::string& who, std::mt19937* random) {
    std::vector<ShapeContext::Input> inputs;
    for (const Tensor& tensor : evaluated.inputs) {
        if (!tensor.defined())
            inputs.emplace_back();
        else
            inputs.push_back(random != nullptr ? hidden(tensor, *random) : known(tensor));
    }
    ShapeContext context(*evaluated.node, opset, std::move(inputs), evaluated.outputs.size());
    const auto result = infer(*find_operator(evaluated.node->domain, evaluated.node->op), context);
    ASSERT_TRUE(result.ok()) << who << ": " << result.error().message;
    for (std::size_t i = 0; i < evaluated.outputs.size(); ++i) {
        if (!evaluated.outputs[i].defined()) continue;
        const ShapeContext::Output& said = context.outputs()[i];
        expect_agreement(said, evaluated.outputs[i], who);
        if (random == nullptr && !data_dependent.contains(evaluated.node->op)) {
            EXPECT_TRUE(to_dims(said.shape).has_value())
                << who << ": everything is known, yet the rule says " << to_string(said.shape);
        }
    }
}

TEST(ShapeRules, HoldInEveryNodeTestHoweverLittleTheyAreTold) {
    const auto names = runnable_node_tests();
    if (names.empty()) GTEST_SKIP() << "ONNX's node tests are not installed (Debian: libonnx-testdata)";
    std::mt19937 random(20240607);
    std::size_t checked = 0;
    for (const std::string& name : names) {
        const std::string model = node_test_model(name);
        const auto graph = read_onnx(std::as_bytes(std::span(model)), name);
        ASSERT_TRUE(graph.ok()) << graph.error().message;
        for (const NodeTestData& data : node_test_data(name)) {
            for (const Evaluated& evaluated : evaluate(*graph, data)) {
                // Dropout and its like must be told that they are not training.
                const bool may_hide = evaluated.node->op != "Dropout";
                const std::string who = name + ", " + describe(*evaluated.node);
                check(evaluated, graph->opset, who, nullptr);
                for (int round = 0; may_hide && round < 12; ++round, ++checked)
                    check(evaluated, graph->opset, who, &random);
            }
        }
    }
    EXPECT_GT(checked, 5000U);
}

} // namespace

} // namespace detect::test
