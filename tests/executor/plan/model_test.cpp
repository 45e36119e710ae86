// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"

#include "backbone/layers.h"
#include "executor/reference/interpreter.h"
#include "graph/builder.h"
#include "tests/executor/plan/random_tensor.h"
#include "tests/support/isa_under_test.h"

#include <algorithm>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::HasSubstr;

/// Parameters made up as they are asked for.
class RandomParameters final : public ParameterSource {
public:
    void expect(const std::string& name, const Dims& dims) {
        Tensor tensor = Tensor::create(DataType::float32, dims).value();
        std::normal_distribution<float> value(0.0F, 0.3F);
        const bool variance = name.ends_with("running_var");
        for (float& x : tensor.mutable_data<float>()) x = variance ? 0.5F + std::abs(value(random_)) : value(random_);
        tensors_[name] = tensor;
    }
    std::optional<Tensor> find(std::string_view name) const override {
        const auto found = tensors_.find(name);
        return found == tensors_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    std::mt19937 random_{11};
    std::map<std::string, Tensor, std::less<>> tensors_;
};

Tensor random_picture(const Dims& dims, unsigned seed) { return test::random_tensor(dims, seed, -1.0F, 1.0F); }

void expect_conv(RandomParameters& p, const std::string& key, const Dims& weight) {
    p.expect(key + ".0.weight", weight);
    for (const char* part : {".1.weight", ".1.bias", ".1.running_mean", ".1.running_var"})
        p.expect(key + part, {weight[0]});
}

/// A small network with everything the executor treats specially: expand, depthwise, squeeze-excite, project with a
/// shortcut, pooling, a plain operator between, several outputs of both layouts.
Graph small_network() {
    RandomParameters p;
    expect_conv(p, "stem", {8, 3, 3, 3});
    expect_conv(p, "expand", {20, 8, 1, 1});
    expect_conv(p, "depthwise", {20, 1, 5, 5});
    expect_conv(p, "project", {8, 20, 1, 1});
    for (const auto& [key, dims] : {std::pair{"se.fc1", Dims{6, 20, 1, 1}}, std::pair{"se.fc2", Dims{20, 6, 1, 1}},
                                    std::pair{"wide", Dims{12, 8, 3, 3}}}) {
        p.expect(std::string(key) + ".weight", dims);
        p.expect(std::string(key) + ".bias", {dims[0]});
    }
    GraphBuilder b(p);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId stem = add_convolution_norm(
        b, input, "stem", {.in_channels = 3, .out_channels = 8, .kernel = 3, .stride = 2}, Nonlinearity::hard_swish);
    ValueId y = add_convolution_norm(b, stem, "expand", {.in_channels = 8, .out_channels = 20}, Nonlinearity::relu);
    y = add_convolution_norm(b, y, "depthwise", {.in_channels = 20, .out_channels = 20, .kernel = 5, .groups = 20},
                             Nonlinearity::hard_swish);
    ValueId gate = b.node("GlobalAveragePool", {y});
    gate = add_nonlinearity(b, add_convolution(b, gate, "se.fc1", {.in_channels = 20, .out_channels = 6}),
                            Nonlinearity::relu);
    gate = add_nonlinearity(b, add_convolution(b, gate, "se.fc2", {.in_channels = 6, .out_channels = 20}),
                            Nonlinearity::hard_sigmoid);
    y = add_convolution_norm(b, b.mul(gate, y), "project", {.in_channels = 20, .out_channels = 8}, Nonlinearity::none);
    y = b.add(y, stem);
    const ValueId wide = add_convolution(b, y, "wide", {.in_channels = 8, .out_channels = 12, .kernel = 3});
    const ValueId pooled =
        b.node("MaxPool", {wide},
               {{"kernel_shape", std::vector<std::int64_t>{1, 1}}, {"strides", std::vector<std::int64_t>{2, 2}}});
    b.output("wide", wide, std::nullopt);
    b.output(
        "rows",
        b.reshape(b.transpose(pooled, {0, 2, 3, 1}), b.vector({std::int64_t{0}, std::int64_t{-1}, std::int64_t{12}})),
        std::nullopt);
    b.output(
        "sum",
        b.node("ReduceSum", {b.node("Sigmoid", {y}), b.vector({std::int64_t{1}})}, {{"keepdims", std::int64_t{0}}}),
        std::nullopt);
    return b.finish().value();
}

void expect_close(const Tensor& expected, const Tensor& actual) {
    ASSERT_EQ(expected.dims(), actual.dims());
    const auto e = expected.data<float>();
    const auto a = actual.data<float>();
    for (std::size_t i = 0; i < e.size(); ++i) ASSERT_NEAR(e[i], a[i], 1e-5 + 1e-4 * std::abs(e[i])) << "element " << i;
}

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.dims() == b.dims() && std::ranges::equal(a.bytes(), b.bytes());
}

TEST(Model, AgreesWithTheInterpreterAtEverySizeAndInstructionSet) {
    const Graph graph = small_network();
    for (const Isa isa : available_isas()) {
        const auto model = Model::compile(graph, {.threads = 2, .isa = isa}).value();
        for (const Dims& dims : {Dims{1, 3, 32, 32}, Dims{2, 3, 17, 41}, Dims{1, 3, 5, 3}, Dims{3, 3, 64, 20}}) {
            const std::vector<Tensor> inputs{random_picture(dims, 3)};
            const auto expected = interpret(graph, inputs).value();
            const auto actual = model->run(inputs);
            ASSERT_TRUE(actual.ok()) << actual.error().message;
            ASSERT_EQ(actual->size(), expected.size());
            for (std::size_t i = 0; i < expected.size(); ++i) expect_close(expected[i], (*actual)[i]);
        }
    }
}

TEST(Model, APictureGivesTheSameBitsInAnyBatchAndAtAnyThreadCount) {
    const Graph graph = small_network();
    const auto single = Model::compile(graph, {.threads = 1, .isa = test::isa_under_test()}).value();
    const Tensor picture = random_picture({1, 3, 33, 47}, 5);
    const Tensor alone = single->run(std::vector{picture}).value().front();

    Tensor batch = random_picture({3, 3, 33, 47}, 6);
    std::ranges::copy(picture.data<float>(),
                      batch.mutable_data<float>().subspan(2 * picture.data<float>().size()).begin());
    for (const int threads : {1, 2, 4}) {
        const auto model = Model::compile(graph, {.threads = threads, .isa = test::isa_under_test()}).value();
        EXPECT_TRUE(same_bits(model->run(std::vector{picture}).value().front(), alone)) << threads << " threads";
        const Tensor together = model->run(std::vector{batch}).value().front();
        const auto last = together.data<float>().last(alone.data<float>().size());
        EXPECT_TRUE(std::ranges::equal(std::as_bytes(last), alone.bytes())) << threads << " threads, in a batch";
    }
}

TEST(Model, ManyThreadsMayCallIt) {
    const Graph graph = small_network();
    const auto model = Model::compile(graph, {.threads = 2, .isa = test::isa_under_test(), .cached_plans = 2}).value();
    const std::vector<Dims> sizes{{1, 3, 20, 20}, {1, 3, 21, 30}, {2, 3, 16, 16}};
    std::vector<Tensor> expected;
    for (const Dims& size : sizes) expected.push_back(model->run(std::vector{random_picture(size, 9)}).value().front());
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> callers;
    for (int t = 0; t < 8; ++t) {
        callers.emplace_back([&, t] {
            for (std::size_t i = 0; i < 30; ++i) {
                const std::size_t which = (i + static_cast<std::size_t>(t)) % sizes.size();
                const auto result = model->run(std::vector{random_picture(sizes[which], 9)});
                if (!result || !same_bits(result->front(), expected[which])) ++wrong;
            }
        });
    }
    callers.clear();
    EXPECT_EQ(wrong, 0);
}

TEST(Model, SaysWhichInputDoesNotFit) {
    const auto model = Model::compile(small_network(), {.isa = test::isa_under_test()}).value();
    const auto wrong_rank = model->run(std::vector{Tensor::create(DataType::float32, {3, 8, 8}).value()});
    EXPECT_EQ(wrong_rank.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(wrong_rank.error().message, HasSubstr("'input' takes [batch, 3, height, width], got [3, 8, 8]"));
    const auto wrong_type = model->run(std::vector{Tensor::create(DataType::uint8, {1, 3, 8, 8}).value()});
    EXPECT_THAT(wrong_type.error().message, HasSubstr("float32, got uint8"));
    EXPECT_EQ(model->run(std::span<const Tensor>()).error().code, ErrorCode::invalid_argument);
}

TEST(Model, FusesTheInvertedResidualAndTimesItsSteps) {
    const auto model = Model::compile(small_network(), {.isa = test::isa_under_test()}).value();
    std::vector<StepTime> times;
    ASSERT_TRUE(model->run(std::vector{random_picture({1, 3, 32, 32}, 1)}, times).ok());
    const auto fused =
        std::ranges::count_if(times, [](const StepTime& t) { return t.label.starts_with("InvertedResidual"); });
    EXPECT_EQ(fused, 1);
    EXPECT_TRUE(std::ranges::none_of(
        times, [](const StepTime& t) { return t.label == "GlobalAveragePool" || t.label == "Mul"; }));
}

} // namespace
} // namespace detect
