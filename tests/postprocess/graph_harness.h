// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/interpreter.h"
#include "graph/builder.h"

#include <gtest/gtest.h>

namespace detect {

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
    return {tensor.data<T>().begin(), tensor.data<T>().end()};
}

/// Runs a graph definition with the reference interpreter: `define` adds nodes to the builder and returns the outputs.
template <class Define>
std::vector<Tensor> evaluate(const Define& define) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    b.graph().outputs = define(b);
    auto graph = b.finish();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    auto outputs = interpret(*graph, {});
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return *std::move(outputs);
}

} // namespace detect
