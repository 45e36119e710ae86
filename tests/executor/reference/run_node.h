// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/try.h"
#include "executor/reference/kernel.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace detect::test {

using Attributes = std::map<std::string, Attribute, std::less<>>;

/// Evaluates one operator on its own; an undefined tensor stands for an input left out.
inline Result<std::vector<Tensor>> run_node(const std::string& op, std::vector<Tensor> inputs,
                                            Attributes attributes = {}, std::size_t output_count = 1, int opset = 17) {
    Node node;
    node.op = op;
    node.name = "tested";
    node.attributes = std::move(attributes);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        node.inputs.push_back(inputs[i].defined() ? ValueId{static_cast<std::int32_t>(i)} : ValueId{});
    }
    for (std::size_t i = 0; i < output_count; ++i) node.outputs.push_back(ValueId{static_cast<std::int32_t>(100 + i)});
    const Kernel kernel = find_reference_kernel("", op);
    if (kernel == nullptr) return Error{ErrorCode::unsupported, op};
    std::vector<Tensor> outputs(output_count);
    KernelResources resources;
    KernelContext context(node, opset, inputs, outputs, resources);
    DETECT_TRY(kernel(context));
    return outputs;
}

/// The same for an operator that must succeed and has one output; an undefined tensor if it failed (and the test too).
inline Tensor run(const std::string& op, std::vector<Tensor> inputs, Attributes attributes = {}, int opset = 17) {
    auto outputs = run_node(op, std::move(inputs), std::move(attributes), 1, opset);
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return outputs.ok() ? outputs->front() : Tensor();
}

inline Tensor floats(const Dims& dims, std::initializer_list<float> values) { return Tensor::of<float>(dims, values); }
inline Tensor ints(const Dims& dims, std::initializer_list<std::int64_t> values) {
    return Tensor::of<std::int64_t>(dims, values);
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
    if (!tensor.defined()) return {};
    const auto data = tensor.data<T>();
    return {data.begin(), data.end()};
}

} // namespace detect::test
