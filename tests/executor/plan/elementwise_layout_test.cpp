// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "graph/builder.h"
#include "graph/operators.h"
#include "tests/executor/plan/random_tensor.h"
#include "tests/executor/reference/node_tests.h"
#include "tests/executor/reference/run_node.h"

#include <algorithm>

#include <gtest/gtest.h>

/// What an operator's row says of it, the executor makes use of: behind a convolution, whose result has its channels
/// last, an elementwise operator computes in that layout.
namespace detect::test {
namespace {

/// The map for every input, but for Where's condition.
template <class Input>
std::vector<Input> inputs_of(const Operator& op, const Input& map, const Input& condition) {
    std::vector<Input> inputs(op.inputs.least, map);
    if (op.name == "Where") inputs[0] = condition;
    return inputs;
}

class ElementwiseLayout : public testing::TestWithParam<Isa> {};

TEST_P(ElementwiseLayout, IsTheConvolutions) {
    const ParameterMap none;
    for (const Operator& op : operators()) {
        if (!op.elementwise) continue;
        SCOPED_TRACE(op.name);
        GraphBuilder b(none);
        const ValueId x = b.input("x", DataType::float32, {1, 3, 5, 7});
        const ValueId map = b.node("Conv", {x, b.constant("weights", random_tensor({16, 3, 1, 1}, 1, -1.F, 1.F))});
        b.output("map", map, std::nullopt);
        const ValueId condition = b.constant("condition", Tensor::scalar(true));
        b.output("result", b.node(op.name, inputs_of(op, map, condition)), std::nullopt);
        const auto model = Model::compile(b.finish().value(), {.threads = 1, .isa = GetParam()});
        ASSERT_TRUE(model.ok()) << model.error().message;
        std::vector<StepTime> steps;
        const auto outputs = (*model)->run(std::vector{random_tensor({1, 3, 5, 7}, 2, -2.F, 2.F)}, steps);
        ASSERT_TRUE(outputs.ok()) << outputs.error().message;

        expect_same((*outputs)[1], run(std::string(op.name), inputs_of(op, (*outputs)[0], Tensor::scalar(true))));
        EXPECT_EQ(std::ranges::count(steps, "result/layout", &StepTime::name), 1) << "computed in the plain layout";
    }
}

INSTANTIATE_TEST_SUITE_P(All, ElementwiseLayout, testing::ValuesIn(available_isas().begin(), available_isas().end()),
                         [](const auto& test) { return std::string(to_string(test.param)); });

} // namespace
} // namespace detect::test
