// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"
#include "onnx/reader.h"
#include "tests/executor/reference/node_tests.h"
#include "tests/onnx/model_proto.h"

#include <random>

#include <gtest/gtest.h>

/// Damaged files: every one is read and run to the end or refused with one line that names the file. Nothing crashes;
/// the sanitizer builds watch for the rest.
namespace detect::test {

namespace {

/// Reads the bytes; if they are a model still, runs it on inputs of the sizes it declares (if those are small).
bool survives(const std::string& bytes) {
    const auto graph = read_onnx(std::as_bytes(std::span(bytes)), "damaged.onnx");
    if (!graph) {
        EXPECT_EQ(graph.error().message.find("damaged.onnx: "), 0U) << graph.error().message;
        EXPECT_EQ(graph.error().message.find('\n'), std::string::npos) << graph.error().message;
        return false;
    }
    std::vector<Tensor> inputs;
    for (const ValueId id : graph->inputs) {
        const Value& declared = (*graph)[id];
        Dims dims;
        if (!declared.shape) return true;
        for (const Dim& dim : *declared.shape) dims.push_back(dim.size.value_or(2));
        constexpr std::int64_t small = 4096;
        std::int64_t count = 1;
        for (const std::int64_t size : dims) {
            if (size > small || (count *= std::max<std::int64_t>(size, 1)) > small) return true;
        }
        auto tensor = Tensor::create(declared.type, dims);
        if (!tensor) return true;
        inputs.push_back(*std::move(tensor));
    }
    const auto outputs = interpret(*graph, inputs);
    EXPECT_TRUE(outputs.ok() || !outputs.error().message.empty());
    return true;
}

TEST(DamagedOnnxFile, CutAnywhere) {
    const std::string whole = small_network().bytes();
    ASSERT_TRUE(survives(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) survives(whole.substr(0, length));
}

TEST(DamagedOnnxFile, OneBitFlippedAnywhere) {
    const std::string whole = small_network().bytes();
    std::size_t still_models = 0;
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(static_cast<unsigned char>(damaged[bit / 8]) ^ (1U << (bit % 8)));
        still_models += survives(damaged) ? 1 : 0;
    }
    EXPECT_GT(still_models, 0U) << "bits of weights do not matter to the format";
}

TEST(DamagedOnnxFile, SeveralBytesReplacedInEveryNodeTest) {
    const auto names = runnable_node_tests();
    if (names.empty()) GTEST_SKIP() << "ONNX's node tests are not installed (Debian: libonnx-testdata)";
    std::mt19937 random(7);
    for (const std::string& name : names) {
        const std::string whole = node_test_model(name);
        for (int round = 0; round < 10; ++round) {
            std::string damaged = whole;
            for (std::uint32_t change = 0; change <= random() % 3; ++change) {
                damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
            }
            survives(damaged);
        }
    }
}

} // namespace

} // namespace detect::test
