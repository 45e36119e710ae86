#include "executor/model.h"
#include "executor/onnx_reader.h"
#include "tests/executor/reference/node_tests.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

/// ONNX's own node tests once more: through the steps that a model is compiled to, at every instruction set.
namespace detect::test {
namespace {

template <class T>
void expect_close(const Tensor& actual, const Tensor& expected) {
    for (std::size_t i = 0; i < actual.data<T>().size(); ++i) {
        const auto a = static_cast<double>(actual.data<T>()[i]);
        const auto e = static_cast<double>(expected.data<T>()[i]);
        const bool equal = a == e || (std::isnan(a) && std::isnan(e));
        ASSERT_TRUE(equal || std::fabs(a - e) <= 1e-7 + 1e-3 * std::fabs(e))
            << "element " << i << " is " << a << ", expected " << e;
    }
}

void expect_same(const Tensor& actual, const Tensor& expected) {
    ASSERT_EQ(to_string(actual.type()), to_string(expected.type()));
    ASSERT_EQ(to_string(actual.dims()), to_string(expected.dims()));
    if (actual.type() == DataType::float32) return expect_close<float>(actual, expected);
    if (actual.type() == DataType::float64) return expect_close<double>(actual, expected);
    ASSERT_EQ(std::memcmp(actual.bytes().data(), expected.bytes().data(), expected.byte_count()), 0);
}

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
