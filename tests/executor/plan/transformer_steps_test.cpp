// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "executor/reference/interpreter.h"
#include "graph/builder.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What transformers are made of: which steps it becomes, and that they compute what the plain kernels do.
namespace detect::test {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Pair;

constexpr std::int64_t width = 64;
constexpr std::int64_t heads = 4;

Tensor random_tensor(const Dims& dims, unsigned seed, float scale = 1.F) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(-scale, scale);
    Tensor tensor = Tensor::create(DataType::float32, dims).value();
    for (float& x : tensor.mutable_data<float>()) x = value(random);
    return tensor;
}

class Transformer : public testing::Test {
protected:
    ValueId weights(const Dims& dims) {
        const float scale = 1.F / std::sqrt(static_cast<float>(dims[0]));
        ++count_;
        return b.constant("weights_" + std::to_string(count_), random_tensor(dims, count_, scale));
    }

    ValueId integers(std::initializer_list<std::int64_t> values) { return b.vector(values); }
    ValueId any_input(std::string_view name) { return b.graph().add_input(name, DataType::float32, std::nullopt); }

    ValueId mean(ValueId x) { return b.node("ReduceMean", {x}, {{"axes", std::vector<std::int64_t>{-1}}}); }

    /// As it is exported before opset 17.
    ValueId layer_norm(ValueId x) {
        const ValueId d = b.sub(x, mean(x));
        const ValueId variance = mean(b.node("Pow", {d, b.scalar(2.F)}));
        const ValueId deviation = b.node("Sqrt", {b.add(variance, b.scalar(1e-5F))});
        return b.add(b.mul(b.div(d, deviation), weights({width})), weights({width}));
    }

    ValueId linear(ValueId x, std::int64_t in, std::int64_t out) {
        return b.add(weights({out}), b.node("MatMul", {x, weights({in, out})}));
    }

    ValueId heads_of(ValueId x) {
        return b.transpose(b.reshape(x, integers({0, 0, heads, width / heads})), {0, 2, 1, 3});
    }

    ValueId gelu(ValueId x) {
        const ValueId erf = b.node("Erf", {b.div(x, b.scalar(std::sqrt(2.F)))});
        return b.mul(b.mul(x, b.add(erf, b.scalar(1.F))), b.scalar(0.5F));
    }

    ValueId block(ValueId x, ValueId mask) {
        const ValueId normal = layer_norm(x);
        const ValueId q = heads_of(linear(normal, width, width));
        const ValueId k = b.transpose(heads_of(linear(normal, width, width)), {0, 1, 3, 2});
        const ValueId v = heads_of(linear(normal, width, width));
        const ValueId scores = b.add(b.div(b.node("MatMul", {q, k}), b.scalar(4.F)), mask);
        const ValueId context = b.node("MatMul", {b.node("Softmax", {scores}, {{"axis", std::int64_t{-1}}}), v});
        const ValueId joined = b.reshape(b.transpose(context, {0, 2, 1, 3}), integers({0, 0, width}));
        x = b.add(x, linear(joined, width, width));
        return b.add(x, linear(gelu(linear(layer_norm(x), width, 4 * width)), 4 * width, width));
    }

    Graph finished(ValueId output) {
        b.output("output", output, std::nullopt);
        auto graph = b.finish();
        EXPECT_TRUE(graph.ok()) << graph.error().message;
        return *std::move(graph);
    }

    static std::shared_ptr<const Model> compiled(const Graph& graph, Isa isa = detect_isa(), int threads = 2) {
        auto model = Model::compile(graph, {.threads = threads, .isa = isa});
        EXPECT_TRUE(model.ok()) << model.error().message;
        return *std::move(model);
    }

    /// How often each kind of step is taken.
    static std::map<std::string, int> steps(const Graph& graph, const std::vector<Tensor>& inputs) {
        std::vector<StepTime> times;
        EXPECT_TRUE(compiled(graph)->run(inputs, times).ok());
        std::map<std::string, int> counts;
        for (const StepTime& step : times) ++counts[step.label];
        return counts;
    }

    static void expect_as_interpreted(const Graph& graph, const std::vector<Tensor>& inputs) {
        const auto expected = interpret(graph, inputs);
        ASSERT_TRUE(expected.ok()) << expected.error().message;
        for (const Isa isa : available_isas()) {
            const auto actual = compiled(graph, isa)->run(inputs);
            ASSERT_TRUE(actual.ok()) << actual.error().message;
            for (std::size_t o = 0; o < expected->size(); ++o) {
                ASSERT_EQ((*actual)[o].dims(), (*expected)[o].dims());
                const auto e = (*expected)[o].data<float>();
                const auto a = (*actual)[o].data<float>();
                for (std::size_t i = 0; i < e.size(); ++i) {
                    ASSERT_NEAR(a[i], e[i], 1e-5 + 1e-4 * std::abs(e[i])) << to_string(isa) << ", element " << i;
                }
            }
        }
    }

    const ParameterMap none_ = {};
    GraphBuilder b{none_};

private:
    unsigned count_ = 0;
};

TEST_F(Transformer, ABlockIsAHandfulOfSteps) {
    const ValueId x = b.input("x", DataType::float32, {"batch", "tokens", width});
    const ValueId mask = b.input("mask", DataType::float32, {"batch", 1, 1, "tokens"});
    const Graph graph = finished(block(x, mask));
    for (const auto& [batch, tokens] : {std::pair{1, 1}, {1, 7}, {3, 50}}) {
        const std::vector<Tensor> inputs{random_tensor({batch, tokens, width}, 1),
                                         random_tensor({batch, 1, 1, tokens}, 2)};
        expect_as_interpreted(graph, inputs);
    }
    const auto counts = steps(graph, {random_tensor({1, 7, width}, 1), random_tensor({1, 1, 1, 7}, 2)});
    EXPECT_THAT(
        counts,
        IsSupersetOf({Pair("LayerNormalization", 2), Pair("MatMul 64->64", 3), Pair("MatMul 64->64 add", 1),
                      Pair("MatMul 64->256", 1), Pair("MatMul 256->64 add", 1), Pair("Softmax", 1),
                      Pair("MatMul of two activations", 2), Pair("Div Erf Add Mul Mul", 1), Pair("Div Add", 1)}));
    for (const char* gone : {"ReduceMean", "Pow", "Sqrt", "Erf", "MatMul"}) EXPECT_FALSE(counts.contains(gone)) << gone;
}

TEST_F(Transformer, ATextGivesTheSameBitsInAnyBatchAndAtAnyThreadCount) {
    const ValueId x = b.input("x", DataType::float32, {"batch", "tokens", width});
    const Graph graph = finished(block(x, b.scalar(0.F)));
    const Tensor text = random_tensor({1, 33, width}, 3);
    Tensor batch = random_tensor({3, 33, width}, 4);
    const std::size_t size = text.data<float>().size();
    std::ranges::copy(text.data<float>(), batch.mutable_data<float>().subspan(2 * size).begin());
    for (const Isa isa : available_isas()) {
        const Tensor alone = compiled(graph, isa, 1)->run(std::vector{text}).value().front();
        for (const int threads : {1, 2}) {
            const Tensor together = compiled(graph, isa, threads)->run(std::vector{batch}).value().front();
            EXPECT_TRUE(std::ranges::equal(std::as_bytes(together.data<float>().last(size)), alone.bytes()))
                << to_string(isa) << ", " << threads << " threads";
        }
    }
}

TEST_F(Transformer, WhatIsAddedToAProductMayBroadcast) {
    const ValueId x = b.input("x", DataType::float32, {"rows", 5});
    const ValueId y = b.input("y", DataType::float32, {"other", 3});
    const Graph graph = finished(b.node("Relu", {b.add(b.node("MatMul", {x, weights({5, 3})}), y)}));
    EXPECT_THAT(steps(graph, {random_tensor({2, 5}, 1), random_tensor({2, 3}, 2)}),
                testing::ElementsAre(Pair("MatMul 5->3 add", 1)));
    for (const auto& [rows, other] : {std::pair{4, 4}, {4, 1}, {1, 4}, {0, 1}}) {
        expect_as_interpreted(graph, {random_tensor({rows, 5}, 1), random_tensor({other, 3}, 2)});
    }
    const auto wrong = compiled(graph)->run(std::vector{random_tensor({2, 5}, 1), random_tensor({3, 3}, 2)});
    EXPECT_EQ(wrong.error().code, ErrorCode::bad_model);
}

TEST_F(Transformer, ProductsBroadcastTheirBatches) {
    const ValueId x = any_input("x");
    const ValueId y = any_input("y");
    const Graph graph = finished(b.node("MatMul", {x, y}));
    const std::vector<std::pair<Dims, Dims>> cases{{{3, 4}, {4, 5}},   {{2, 1, 3, 4}, {5, 4, 2}}, {{4}, {4}},
                                                   {{4}, {2, 4, 3}},   {{2, 3, 4}, {4}},          {{0, 3, 4}, {4, 5}},
                                                   {{2, 3, 0}, {0, 5}}};
    for (const auto& [left, right] : cases)
        expect_as_interpreted(graph, {random_tensor(left, 1), random_tensor(right, 2)});
    EXPECT_FALSE(compiled(graph)->run(std::vector{random_tensor({3, 4}, 1), random_tensor({5, 2}, 2)}).ok());
    EXPECT_FALSE(compiled(graph)->run(std::vector{random_tensor({2, 3, 4}, 1), random_tensor({3, 4, 2}, 2)}).ok());
    EXPECT_FALSE(compiled(graph)->run(std::vector{random_tensor({}, 1), random_tensor({1, 2}, 2)}).ok());
}

TEST_F(Transformer, WhatSomebodyElseReadsIsKept) {
    const ValueId x = b.input("x", DataType::float32, {"rows", 8});
    const ValueId sum = b.add(x, b.scalar(1.F));
    const ValueId root = b.node("Sqrt", {b.node("Abs", {sum})});
    b.output("sum", sum, std::nullopt);
    const Graph graph = finished(b.mul(root, sum));
    EXPECT_THAT(steps(graph, {random_tensor({2, 8}, 1)}),
                testing::UnorderedElementsAre(Pair("Add", 1), Pair("Abs Sqrt Mul", 1)));
    expect_as_interpreted(graph, {random_tensor({2, 8}, 1)});
}

TEST_F(Transformer, WhatIsSmallerIsComputedOnItsOwn) {
    const ValueId x = b.input("x", DataType::float32, {"rows", 8});
    const ValueId norm = b.node("ReduceSum", {b.mul(x, x), integers({std::int64_t{1}})});
    const Graph graph = finished(b.div(x, b.node("Sqrt", {norm})));
    EXPECT_THAT(steps(graph, {random_tensor({2, 8}, 1)}),
                testing::UnorderedElementsAre(Pair("Mul", 1), Pair("ReduceSum", 1), Pair("Sqrt", 1), Pair("Div", 1)));
    expect_as_interpreted(graph, {random_tensor({2, 8}, 1)});
}

TEST_F(Transformer, SizesThatDoNotBroadcastAreAnError) {
    const ValueId x = any_input("x");
    const ValueId y = any_input("y");
    const auto result =
        compiled(finished(b.add(x, y)))->run(std::vector{random_tensor({2, 3}, 1), random_tensor({2, 4}, 2)});
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, HasSubstr("[2, 3]"));
}

} // namespace
} // namespace detect::test
