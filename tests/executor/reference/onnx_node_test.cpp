// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"
#include "onnx/reader.h"
#include "tests/executor/reference/node_tests.h"

#include <algorithm>
#include <iostream>
#include <sstream>

#include <gtest/gtest.h>

/// Runs ONNX's own node tests through the interpreter. onnx_node_tests.txt says of each whether it is run or why not,
/// and has to be complete.
namespace detect::test {

namespace {

class OnnxNode : public testing::TestWithParam<std::string> {};

TEST_P(OnnxNode, GivesTheExpectedOutputs) {
    const auto reasons = listed_node_tests();
    const auto listed = reasons.find(GetParam());
    ASSERT_NE(listed, reasons.end()) << "is missing in " << ONNX_NODE_TEST_LIST;
    if (!listed->second.empty()) GTEST_SKIP() << listed->second;

    const std::string model = node_test_model(GetParam());
    const auto graph = read_onnx(std::as_bytes(std::span(model)), GetParam());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const auto sets = node_test_data(GetParam());
    ASSERT_FALSE(sets.empty());
    for (const NodeTestData& set : sets) {
        const auto outputs = interpret(*graph, set.inputs);
        ASSERT_TRUE(outputs.ok()) << outputs.error().message;
        ASSERT_EQ(outputs->size(), set.outputs.size());
        for (std::size_t i = 0; i < set.outputs.size(); ++i) expect_same((*outputs)[i], set.outputs[i]);
    }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxNode, testing::ValuesIn(installed_node_tests()),
                         [](const auto& test) { return test.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnnxNode);

bool is_same(const Tensor& actual, const Tensor& expected) {
    if (actual.type() != expected.type() || actual.dims() != expected.dims()) return false;
    if (actual.type() != DataType::float32) return std::ranges::equal(actual.bytes(), expected.bytes());
    return std::ranges::equal(actual.data<float>(), expected.data<float>(), [](float a, float e) {
        return is_close(static_cast<double>(a), static_cast<double>(e));
    });
}

bool passes(const Graph& graph, const std::vector<NodeTestData>& sets) {
    return !sets.empty() && std::ranges::all_of(sets, [&](const NodeTestData& set) {
        const auto outputs = interpret(graph, set.inputs);
        return outputs.ok() && std::ranges::equal(*outputs, set.outputs, is_same);
    });
}

/// A reason that says "unknown operator A, B" is what the reader says of the file, too; whatever else is skipped does
/// not pass.
TEST(OnnxNodeList, SaysWhyTestsAreSkipped) {
    if (installed_node_tests().empty())
        GTEST_SKIP() << "ONNX's node tests are not installed (Debian: libonnx-testdata)";
    constexpr std::string_view unknown = "unknown operator ";
    for (const auto& [name, reason] : listed_node_tests()) {
        if (reason.empty()) continue;
        SCOPED_TRACE(name);
        const std::string model = node_test_model(name);
        const auto graph = read_onnx(std::as_bytes(std::span(model)), name);
        if (reason.starts_with(unknown)) {
            ASSERT_FALSE(graph.ok()) << "can be read by now";
            EXPECT_EQ(graph.error().code, ErrorCode::unsupported);
            std::istringstream operators(reason.substr(unknown.size()));
            for (std::string op; std::getline(operators >> std::ws, op, ',');) {
                EXPECT_NE(graph.error().message.find(op + " (node "), std::string::npos) << graph.error().message;
            }
        } else if (graph.ok()) {
            const bool readable = reason.find("stores bfloat16") == std::string::npos;
            EXPECT_FALSE(readable && passes(*graph, node_test_data(name))) << "passes by now";
        }
    }
}

TEST(OnnxNodeList, IsCompleteAndRunsMostTests) {
    const auto installed = installed_node_tests();
    if (installed.empty()) GTEST_SKIP() << "ONNX's node tests are not installed (Debian: libonnx-testdata)";
    const auto reasons = listed_node_tests();
    for (const auto& [name, reason] : reasons) {
        EXPECT_TRUE(std::ranges::binary_search(installed, name)) << name << " is listed, but not installed";
    }
    EXPECT_EQ(reasons.size(), installed.size());
    const std::size_t run = runnable_node_tests().size();
    EXPECT_GE(run, 500U);
    std::cout << run << " of " << installed.size() << " node tests are run, " << installed.size() - run << " skipped\n";
}

} // namespace

} // namespace detect::test
