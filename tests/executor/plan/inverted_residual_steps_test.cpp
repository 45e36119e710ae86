// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "executor/reference/interpreter.h"
#include "tests/executor/plan/quantised_network.h"
#include "tests/executor/plan/random_tensor.h"

#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Which convolutions one step computes, where depthwise and pointwise ones take turns (MobileNetV1): what one block
/// projects with is no other block's expansion.
namespace detect::test {
namespace {

constexpr std::int64_t channels = 8;

ValueId convolution(GraphBuilder& b, ValueId x, unsigned seed, std::int64_t kernel) {
    const std::int64_t groups = kernel == 1 ? 1 : channels;
    const Tensor weights = random_tensor({channels, channels / groups, kernel, kernel}, seed, -0.5F, 0.5F);
    return b.node("Relu", {b.node("Conv", {x, b.constant("weights_" + std::to_string(seed), weights)},
                                  {{"kernel_shape", std::vector<std::int64_t>(2, kernel)},
                                   {"pads", std::vector<std::int64_t>(4, kernel / 2)},
                                   {"group", groups}})});
}

/// How often each kind of step is taken on each instruction set, having checked what they compute.
void expect_steps(const Graph& graph, const Tensor& input, const std::map<std::string, int>& expected_steps) {
    const std::vector<Tensor> inputs{input};
    const auto expected = interpret(graph, inputs).value();
    for (const Isa isa : available_isas()) {
        const auto model = Model::compile(graph, {.threads = 2, .isa = isa}).value();
        std::vector<StepTime> times;
        const auto actual = model->run(inputs, times).value();
        const auto e = expected[0].data<float>();
        const auto a = actual[0].data<float>();
        ASSERT_EQ(a.size(), e.size());
        for (std::size_t i = 0; i < e.size(); ++i) {
            ASSERT_NEAR(a[i], e[i], 1e-5 + 1e-4 * std::abs(e[i])) << to_string(isa) << ", element " << i;
        }
        std::map<std::string, int> steps;
        for (const StepTime& step : times) {
            if (step.label.find("nvertedResidual") != std::string::npos) ++steps[step.label];
        }
        EXPECT_EQ(steps, expected_steps) << to_string(isa);
    }
}

TEST(InvertedResidualSteps, APointwiseConvolutionBelongsToOneBlock) {
    const ParameterMap none;
    GraphBuilder b(none);
    ValueId x = b.input("x", DataType::float32, {"batch", channels, "height", "width"});
    for (unsigned seed = 0; seed < 6; ++seed) x = convolution(b, x, seed, seed % 2 == 0 ? 3 : 1);
    b.output("y", x, std::nullopt);
    expect_steps(b.finish().value(), random_tensor({1, channels, 9, 7}, 9, -1.F, 1.F),
                 {{"InvertedResidual 3x3 8->8->8", 3}});
}

TEST(InvertedResidualSteps, TheSameOfBytes) {
    QuantisedBuilder q(false);
    GraphBuilder& b = q.builder();
    ValueId x = q.rounded(b.input("x", DataType::float32, {"batch", channels, "height", "width"}), 1.F / 64.F, 128);
    for (int i = 0; i < 6; ++i) {
        const bool depthwise = i % 2 == 0;
        x = q.rounded(q.convolution(x, channels, depthwise ? 0 : channels, depthwise ? 3 : 1), 1.F / 64.F, 128);
    }
    b.output("y", x, std::nullopt);
    expect_steps(b.finish().value(), picture_of_steps({1, channels, 9, 7}, 9), {{"InvertedResidual int8 3x3 8->8", 3}});
}

} // namespace
} // namespace detect::test
