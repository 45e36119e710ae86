// SPDX-License-Identifier: Apache-2.0
// A model's work is bounded by a count, not by a clock, and a run can be stopped.
#include "executor/model.h"
#include "executor/reference/interpreter.h"
#include "graph/operators/work.h"
#include "onnx/reader.h"
#include "tests/onnx/model_proto.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::AllOf;
using testing::HasSubstr;

Graph read(const ModelProto& model) {
    const std::string bytes = model.bytes();
    auto graph = read_onnx(std::as_bytes(std::span(bytes)), "model.onnx");
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    return graph ? *std::move(graph) : Graph();
}

/// y = MaxPool(x), a window of `side` pixels on a map that is as large, padded so that it has a place on every pixel.
Graph pooled(std::int64_t side) {
    ModelProto model;
    model.input("x", {1, 1, side, side});
    auto& node = model.node("MaxPool", {"x"}, {"y"}, "pool");
    add_ints(node, "kernel_shape", {side, side});
    add_ints(node, "pads", {side / 2, side / 2, side / 2 - 1, side / 2 - 1});
    model.output("y", {1, 1, side, side});
    return read(model);
}

/// y = x negated `trips` times; 0: without an end.
Graph loop(std::int64_t trips) {
    ModelProto model;
    model.input("x", {1});
    auto& go_on = model.initializer("go", {}, {});
    go_on.set_data_type(9);
    go_on.set_raw_data(std::string(1, '\1'));
    auto& count = model.initializer("trips", {}, {});
    count.set_data_type(7);
    count.add_int64_data(trips);
    auto& node = model.node("Loop", {trips > 0 ? "trips" : "", "go", "x"}, {"y"}, "loop");
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name("body");
    attribute.set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto& body = *attribute.mutable_g();
    for (const char* name : {"i", "going", "state"}) body.add_input()->set_name(name);
    for (const auto& [op, from, to] : {std::array{"Identity", "going", "again"}, std::array{"Neg", "state", "next"}}) {
        onnx::NodeProto& inner = *body.add_node();
        inner.set_op_type(op);
        inner.add_input(from);
        inner.add_output(to);
        body.add_output()->set_name(to);
    }
    model.output("y", {1});
    return read(model);
}

Tensor zeros(const Dims& dims) { return Tensor::create(DataType::float32, dims).value(); }

TEST(WorkLimit, RefusesWhatIsKnownBeforeTheRun) {
    constexpr std::int64_t side = 1024; // 2^20 windows of 2^20 pixels
    const Tensor x = zeros({1, 1, side, side});
    const auto model = Model::compile(pooled(side));
    ASSERT_TRUE(model.ok()) << model.error().message;
    const auto refused = (*model)->run(std::span(&x, 1));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("node 'pool' (MaxPool): needs 1.1e+12 operations"), HasSubstr("may take 2.75e+11")));
    // The plain kernels count for themselves.
    const auto interpreted = interpret(pooled(side), std::span(&x, 1));
    ASSERT_FALSE(interpreted.ok());
    EXPECT_THAT(interpreted.error().message, HasSubstr("node 'pool' (MaxPool): needs 1.1e+12 operations"));
}

TEST(WorkLimit, IsTheCallersToSet) {
    const Tensor x = zeros({1, 1, 32, 32});
    const auto strict = Model::compile(pooled(32), {.work_limit = 1e6});
    ASSERT_TRUE(strict.ok());
    EXPECT_FALSE((*strict)->run(std::span(&x, 1)).ok());
    const auto generous = Model::compile(pooled(32), {.work_limit = 2e6});
    ASSERT_TRUE(generous.ok());
    EXPECT_TRUE((*generous)->run(std::span(&x, 1)).ok());
}

TEST(WorkLimit, HoldsForTheIterationsOfALoopTogether) {
    const Tensor x = zeros({1});
    for (const auto& [trips, fits] : {std::pair{100, true}, std::pair{1000, false}}) {
        const auto model = Model::compile(loop(trips), {.work_limit = 1e6});
        ASSERT_TRUE(model.ok()) << model.error().message;
        const auto run = (*model)->run(std::span(&x, 1));
        EXPECT_EQ(run.ok(), fits) << trips;
        if (!run) {
            EXPECT_THAT(run.error().message, HasSubstr("operations, and all steps of a run may take 1e+06"));
        }
    }
}

TEST(WorkLimit, EstimatesFollowTheShapes) {
    EXPECT_EQ(estimated_work(pooled(32), pooled(32).nodes[0]), 1024.0 * 1024.0);
    ModelProto product;
    product.input("a", {8, 32});
    product.input("b", {32, 4});
    product.node("MatMul", {"a", "b"}, {"y"});
    product.output("y", {8, 4});
    const Graph graph = read(product);
    EXPECT_EQ(estimated_work(graph, graph.nodes[0]), 8.0 * 32.0 * 4.0 / 16.0);
}

TEST(StoppedRun, DoesNothing) {
    std::stop_source stop;
    stop.request_stop();
    const Tensor x = zeros({1, 1, 32, 32});
    const Graph graph = pooled(32);
    const auto model = Model::compile(graph);
    ASSERT_TRUE(model.ok());
    const auto run = (*model)->run(std::span(&x, 1), stop.get_token());
    ASSERT_FALSE(run.ok());
    EXPECT_THAT(run.error().message, HasSubstr("stopped on request"));
    EXPECT_FALSE(interpret(graph, std::span(&x, 1), graph.outputs, {}, stop.get_token()).ok());
    EXPECT_TRUE((*model)->run(std::span(&x, 1)).ok()) << "the model is as good as before";
}

/// Without the stop this one ends too, after 2^20 iterations, with another sentence.
TEST(StoppedRun, EndsWithinALoop) {
    const auto model = Model::compile(loop(0));
    ASSERT_TRUE(model.ok()) << model.error().message;
    std::stop_source stop;
    const std::jthread other([&] { stop.request_stop(); });
    const Tensor x = zeros({1});
    const auto run = (*model)->run(std::span(&x, 1), stop.get_token());
    ASSERT_FALSE(run.ok());
    EXPECT_THAT(run.error().message, HasSubstr("stopped on request"));
}

/// A window of 10^12 operations within a kernel, far below the raised limit: it never ends by itself.
TEST(StoppedRun, EndsWithinAPlainKernel) {
    const Graph graph = [&] {
        Graph changed = pooled(1024);
        changed.nodes[0].op = "AveragePool";
        return changed;
    }();
    const auto model = Model::compile(graph, {.work_limit = 1e15});
    ASSERT_TRUE(model.ok()) << model.error().message;
    std::stop_source stop;
    const std::jthread other([&] { stop.request_stop(); });
    const Tensor x = zeros({1, 1, 1024, 1024});
    const auto run = (*model)->run(std::span(&x, 1), stop.get_token());
    ASSERT_FALSE(run.ok());
    EXPECT_THAT(run.error().message, HasSubstr("stopped on request"));
}

} // namespace

} // namespace detect::test
