// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace detect::test {

/// ONNX's own node tests: a folder each, with a model of one operator (or a few), inputs and expected outputs.
[[nodiscard]] std::vector<std::string> installed_node_tests();

/// What onnx_node_tests.txt says of each test: nothing if it is run, else why not.
[[nodiscard]] std::map<std::string, std::string> listed_node_tests();

/// The names of the tests that are installed and to be run.
[[nodiscard]] std::vector<std::string> runnable_node_tests();

/// A test's serialised model. Tests of operators that never changed since say opset 1 to 6; those hold at opset 7 just
/// as well, and say 7 here.
[[nodiscard]] std::string node_test_model(const std::string& name);

struct NodeTestData {
    std::vector<Tensor> inputs;
    std::vector<Tensor> outputs;
};

/// Every data set of a test.
[[nodiscard]] std::vector<NodeTestData> node_test_data(const std::string& name);

/// NumPy's assert_allclose with the tolerances of ONNX's own test runner.
[[nodiscard]] bool is_close(double actual, double expected);

/// Expects the same type, sizes and elements: floats as close as ONNX's own test runner asks for, others the same.
void expect_same(const Tensor& actual, const Tensor& expected);

} // namespace detect::test
