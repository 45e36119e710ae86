// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "executor/reference/interpreter.h"
#include "graph/builder.h"
#include "tests/executor/plan/random_tensor.h"
#include "tests/support/isa_under_test.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// RoiAlign and the first layer of a box head, which are one step.
namespace detect::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t channels = 16;
constexpr std::int64_t pooled = 4;
constexpr std::int64_t inputs_of_layer = channels * pooled * pooled;
constexpr std::int64_t outputs = 40;

struct HeadOptions {
    bool pooled_is_an_output = false;
    std::string mode = "avg";
};

Graph head(const HeadOptions& options = {}) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId map = b.input("map", DataType::float32, {"batch", channels, "height", "width"});
    const ValueId rois = b.input("rois", DataType::float32, {"regions", 4});
    const ValueId pictures = b.input("pictures", DataType::int64, {"regions"});
    const ValueId regions = b.node("RoiAlign", {map, rois, pictures},
                                   {{"output_height", pooled},
                                    {"output_width", pooled},
                                    {"sampling_ratio", std::int64_t{2}},
                                    {"mode", options.mode},
                                    {"coordinate_transformation_mode", std::string("output_half_pixel")}});
    const ValueId rows = b.node("Flatten", {regions}, {{"axis", std::int64_t{1}}});
    const ValueId weight = b.constant("weight", random_tensor({outputs, inputs_of_layer}, 1, -0.1F, 0.1F));
    const ValueId bias = b.constant("bias", random_tensor({outputs}, 2, -1.F, 1.F));
    const ValueId y = b.node("Gemm", {rows, weight, bias}, {{"transB", std::int64_t{1}}});
    b.output("y", b.node("Relu", {y}), std::nullopt);
    if (options.pooled_is_an_output) b.output("pooled", regions, std::nullopt);
    return b.finish().value();
}

/// A map of two pictures, and regions of either.
std::vector<Tensor> inputs_of(std::int64_t regions) {
    Tensor rois = random_tensor({regions, 4}, 3, 0.F, 12.F);
    Tensor pictures = Tensor::create(DataType::int64, {regions}).value();
    for (std::size_t i = 0; i < static_cast<std::size_t>(regions); ++i) {
        const auto corners = rois.mutable_data<float>().subspan(4 * i, 4);
        corners[2] += corners[0];
        corners[3] += corners[1];
        pictures.mutable_data<std::int64_t>()[i] = static_cast<std::int64_t>(i % 2);
    }
    return {random_tensor({2, channels, 15, 18}, 4, -1.F, 1.F), rois, pictures};
}

std::vector<std::string> labels(const Graph& graph) {
    std::vector<StepTime> times;
    EXPECT_TRUE(Model::compile(graph, {.threads = 1, .isa = isa_under_test()}).value()->run(inputs_of(3), times).ok());
    std::vector<std::string> labels;
    for (const StepTime& step : times) labels.push_back(step.label);
    return labels;
}

void expect_as_interpreted(const Graph& graph, const std::vector<Tensor>& inputs, const ModelOptions& options) {
    const auto expected = interpret(graph, inputs).value();
    const auto actual = Model::compile(graph, options).value()->run(inputs);
    ASSERT_TRUE(actual.ok()) << actual.error().message;
    for (std::size_t o = 0; o < expected.size(); ++o) {
        ASSERT_EQ((*actual)[o].dims(), expected[o].dims());
        const auto e = expected[o].data<float>();
        const auto a = (*actual)[o].data<float>();
        for (std::size_t i = 0; i < e.size(); ++i) ASSERT_NEAR(a[i], e[i], 1e-5 + 1e-4 * std::abs(e[i])) << i;
    }
}

TEST(RegionProduct, AgreesWithTheInterpreterForAnyNumberOfRegions) {
    const Graph graph = head();
    EXPECT_THAT(labels(graph), Contains("RoiAlign, Gemm 256->40"));
    for (const Isa isa : available_isas()) {
        for (const std::int64_t regions : {0, 1, 384, 385, 1000}) {
            SCOPED_TRACE(testing::Message() << to_string(isa) << ", " << regions << " regions");
            expect_as_interpreted(graph, inputs_of(regions), {.threads = 2, .isa = isa});
        }
    }
}

TEST(RegionProduct, ARegionGivesTheSameBitsInAnyCompany) {
    const auto model = Model::compile(head(), {.threads = 2, .isa = isa_under_test()}).value();
    const std::vector<Tensor> all = inputs_of(900);
    const Tensor together = model->run(all).value().front();
    for (const std::size_t region : {0UL, 449UL, 899UL}) {
        const auto corners = all[1].data<float>().subspan(4 * region, 4);
        const Tensor alone =
            model
                ->run(std::vector{all[0], Tensor::of<float>({1, 4}, corners),
                                  Tensor::of<std::int64_t>({1}, all[2].data<std::int64_t>().subspan(region, 1))})
                .value()
                .front();
        const auto expected = together.data<float>().subspan(region * outputs, outputs);
        EXPECT_TRUE(std::ranges::equal(alone.bytes(), std::as_bytes(expected))) << region;
    }
}

TEST(RegionProduct, PooledRegionsThatAreReadElsewhereAreKept) {
    const Graph graph = head({.pooled_is_an_output = true});
    EXPECT_THAT(labels(graph), Contains("RoiAlign"));
    EXPECT_THAT(labels(graph), Contains("Gemm 256->40"));
    expect_as_interpreted(graph, inputs_of(50), {.threads = 2});
}

TEST(RegionProduct, RegionsThatAreNotAveragedArePooledByTheirOwnStep) {
    const Graph graph = head({.mode = "max"});
    EXPECT_THAT(labels(graph), Not(Contains("RoiAlign, Gemm 256->40")));
    expect_as_interpreted(graph, inputs_of(50), {.threads = 2});
}

TEST(RegionProduct, APictureThatIsNotThereIsRefused) {
    const auto model = Model::compile(head(), {.threads = 2, .isa = isa_under_test()}).value();
    std::vector<Tensor> inputs = inputs_of(5);
    inputs[2].mutable_data<std::int64_t>()[3] = 2;
    const auto outside = model->run(inputs);
    ASSERT_FALSE(outside.ok());
    EXPECT_THAT(outside.error().message, HasSubstr("batch index is outside the batch"));
}

} // namespace
} // namespace detect::test
