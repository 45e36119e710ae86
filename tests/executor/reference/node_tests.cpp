// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/reference/node_tests.h"

#include "onnx/reader.h"
#include "onnx/tensor_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

namespace detect::test {

namespace {

namespace fs = std::filesystem;

const fs::path& data_folder() {
    static const fs::path folder = fs::path(ONNX_TEST_DATA) / "node";
    return folder;
}

std::string read_bytes(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Tensor> read_tensors(const fs::path& set, const std::string& kind) {
    std::vector<Tensor> tensors;
    for (int i = 0;; ++i) {
        const fs::path path = set / (kind + "_" + std::to_string(i) + ".pb");
        if (!fs::exists(path)) return tensors;
        onnx::TensorProto proto;
        EXPECT_TRUE(proto.ParseFromString(read_bytes(path))) << path;
        auto tensor = read_onnx_tensor(proto, {});
        EXPECT_TRUE(tensor.ok()) << path << ": " << tensor.error().message;
        tensors.push_back(tensor.ok() ? *tensor : Tensor());
    }
}

} // namespace

std::vector<std::string> installed_node_tests() {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(data_folder(), error))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

std::map<std::string, std::string> listed_node_tests() {
    std::map<std::string, std::string> reasons;
    std::ifstream file(ONNX_NODE_TEST_LIST);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t colon = line.find(": ");
        const std::string verdict = colon == std::string::npos ? "" : line.substr(colon + 2);
        reasons.emplace(line.substr(0, colon), verdict == "run" ? "" : verdict);
    }
    return reasons;
}

std::vector<std::string> runnable_node_tests() {
    const auto listed = listed_node_tests();
    auto names = installed_node_tests();
    std::erase_if(names, [&](const std::string& name) {
        const auto found = listed.find(name);
        return found == listed.end() || !found->second.empty();
    });
    return names;
}

std::string node_test_model(const std::string& name) {
    const fs::path path = data_folder() / name / "model.onnx";
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(read_bytes(path))) << path;
    for (auto& import : *model.mutable_opset_import()) {
        if (import.domain().empty() && import.version() < min_opset) import.set_version(min_opset);
    }
    return model.SerializeAsString();
}

std::vector<NodeTestData> node_test_data(const std::string& name) {
    std::vector<NodeTestData> sets;
    for (;;) {
        const fs::path set = data_folder() / name / ("test_data_set_" + std::to_string(sets.size()));
        if (!fs::exists(set)) return sets;
        sets.push_back({read_tensors(set, "input"), read_tensors(set, "output")});
    }
}

bool is_close(double actual, double expected) {
    constexpr double relative = 1e-3;
    constexpr double absolute = 1e-7;
    if (std::isnan(expected)) return std::isnan(actual);
    if (std::isinf(expected)) return actual == expected;
    return std::fabs(actual - expected) <= absolute + relative * std::fabs(expected);
}

namespace {

template <class T>
void expect_close(const Tensor& actual, const Tensor& expected) {
    for (std::size_t i = 0; i < actual.data<T>().size(); ++i) {
        ASSERT_TRUE(is_close(static_cast<double>(actual.data<T>()[i]), static_cast<double>(expected.data<T>()[i])))
            << "element " << i << " is " << actual.data<T>()[i] << ", expected " << expected.data<T>()[i];
    }
}

} // namespace

void expect_same(const Tensor& actual, const Tensor& expected) {
    ASSERT_EQ(to_string(actual.type()), to_string(expected.type()));
    ASSERT_EQ(to_string(actual.dims()), to_string(expected.dims()));
    if (actual.type() == DataType::float32) return expect_close<float>(actual, expected);
    if (actual.type() == DataType::float64) return expect_close<double>(actual, expected);
    ASSERT_EQ(std::memcmp(actual.bytes().data(), expected.bytes().data(), expected.byte_count()), 0);
}

} // namespace detect::test
