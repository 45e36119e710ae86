// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "onnx/reader.h"
#include "tests/executor/reference/node_tests.h"

#include <gtest/gtest.h>

/// ONNX's own node tests once more: through the steps that a model is compiled to, at every instruction set.
namespace detect::test {
namespace {

class CompiledNode : public testing::TestWithParam<Isa> {};

TEST_P(CompiledNode, GivesTheExpectedOutputs) {
    const auto names = runnable_node_tests();
    if (names.empty()) GTEST_SKIP() << "ONNX's node tests are not installed (Debian: libonnx-testdata)";
    for (const std::string& name : names) {
        SCOPED_TRACE(name);
        const std::string bytes = node_test_model(name);
        auto graph = read_onnx(std::as_bytes(std::span(bytes)), name);
        ASSERT_TRUE(graph.ok()) << graph.error().message;
        const auto model = Model::compile(*std::move(graph), {.threads = 2, .isa = GetParam()});
        ASSERT_TRUE(model.ok()) << model.error().message;
        for (const NodeTestData& set : node_test_data(name)) {
            const auto outputs = (*model)->run(set.inputs);
            ASSERT_TRUE(outputs.ok()) << outputs.error().message;
            ASSERT_EQ(outputs->size(), set.outputs.size());
            for (std::size_t i = 0; i < set.outputs.size(); ++i) expect_same((*outputs)[i], set.outputs[i]);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, CompiledNode, testing::ValuesIn(available_isas().begin(), available_isas().end()),
                         [](const auto& test) { return std::string(to_string(test.param)); });

} // namespace
} // namespace detect::test
