// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"

#include "backbone/image_transform.h"
#include "graph/builder.h"
#include "tests/executor/plan/random_tensor.h"
#include "tests/support/isa_under_test.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The picture's transform and the first layers, which are one step where the maps between them are large.
namespace detect::test {
namespace {

using testing::Contains;

constexpr std::int64_t channels = 12;

ValueId convolution(GraphBuilder& b, ValueId x, const std::string& name, const Dims& weight, std::int64_t stride) {
    const std::int64_t pad = weight[2] / 2;
    const std::int64_t groups = weight[1] == 1 && weight[0] > 1 ? weight[0] : 1;
    return b.node("Conv",
                  {x, b.constant(name + ".weight", random_tensor(weight, 1, -0.4F, 0.4F)),
                   b.constant(name + ".bias", random_tensor({weight[0]}, 2, -0.4F, 0.4F))},
                  {{"pads", std::vector<std::int64_t>(4, pad)},
                   {"strides", std::vector<std::int64_t>(2, stride)},
                   {"kernel_shape", std::vector<std::int64_t>(2, weight[2])},
                   {"group", groups}});
}

struct Options {
    std::string output_too = {};
    bool two_stems = false;
    bool bytes = false;
};

/// Transform, stem, a block that adds its input to its output. Somebody asks for the transformed picture's size, as the
/// anchors do.
Graph network(const Options& options = {}) {
    const ParameterMap none;
    GraphBuilder b(none);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const TransformedImages transformed = add_image_transform(b, input, {.min_size = 850, .max_size = 900});
    if (options.two_stems) b.output("also", convolution(b, transformed.images, "other", {2, 3, 3, 3}, 4), std::nullopt);
    ValueId x = transformed.images;
    if (options.bytes) {
        const ValueId scale = b.constant("scale", Tensor::of<float>({}, {0.02F}));
        const ValueId zero = b.constant("zero", Tensor::of<std::uint8_t>({}, {120}));
        x = b.node("DequantizeLinear", {b.node("QuantizeLinear", {x, scale, zero}), scale, zero});
    }
    const ValueId stem = b.node("Relu", {convolution(b, x, "stem", {channels, 3, 3, 3}, 2)});
    ValueId y = b.node("Relu", {convolution(b, stem, "depthwise", {channels, 1, 3, 3}, 1)});
    y = b.add(convolution(b, y, "project", {channels, channels, 1, 1}, 1), stem);
    y = convolution(b, y, "last", {1, channels, 3, 3}, 2);
    b.output("y", y, std::nullopt);
    b.output("height", b.size_of(transformed.images, 2), std::nullopt);
    if (options.output_too == "transformed") b.output("also", transformed.images, std::nullopt);
    if (options.output_too == "stem") b.output("also", stem, std::nullopt);
    return b.finish().value();
}

std::vector<std::string> labels(const Graph& graph, const Dims& dims) {
    std::vector<StepTime> times;
    EXPECT_TRUE(Model::compile(graph, {.threads = 1, .isa = isa_under_test()})
                    .value()
                    ->run(std::vector{random_tensor(dims, 3, 0.F, 1.F)}, times)
                    .ok());
    std::vector<std::string> labels;
    for (const StepTime& step : times) labels.push_back(step.label);
    return labels;
}

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.dims() == b.dims() && std::ranges::equal(a.bytes(), b.bytes());
}

const Dims picture{1, 3, 200, 190};

TEST(JoinedRows, LargeMapsAreNotKept) {
    EXPECT_THAT(
        labels(network(), picture),
        Contains("normalise, resize, pad, Conv 3x3 3->12 relu, InvertedResidual 3x3 12->12->12, Conv 3x3 12->1"));
}

TEST(JoinedRows, MapsThatSomebodyElseReadsAreKept) {
    for (const Options& options : {Options{.output_too = "transformed"}, Options{.two_stems = true}}) {
        EXPECT_THAT(labels(network(options), picture), Contains("normalise, resize, pad"));
    }
    EXPECT_THAT(labels(network({.output_too = "stem"}), picture),
                Contains("normalise, resize, pad, Conv 3x3 3->12 relu"));
}

TEST(JoinedRows, SmallMapsAreKept) {
    // 928 × 32 pixels after the transform.
    EXPECT_THAT(labels(network(), {1, 3, 300, 10}), Contains("normalise, resize, pad"));
}

TEST(JoinedRows, BytesGoRowByRowToo) {
    EXPECT_THAT(labels(network({.bytes = true}), picture),
                Contains(testing::StartsWith("normalise, resize, pad, quantise, dequantise, Conv 3x3 3->12")));
}

class JoinedRowsBits : public testing::TestWithParam<bool> {};

TEST_P(JoinedRowsBits, AreThoseOfTheStepsOneByOne) {
    const Options joined_options{.bytes = GetParam()};
    const Options apart_options{.output_too = "transformed", .bytes = GetParam()};
    const auto apart = Model::compile(network(apart_options), {.threads = 1, .isa = isa_under_test()}).value();
    for (const Dims& dims : {picture, Dims{2, 3, 700, 601}, Dims{1, 3, 33, 31}}) {
        const std::vector<Tensor> inputs{random_tensor(dims, 4, 0.F, 1.F)};
        const Tensor expected = apart->run(inputs).value().front();
        for (const int threads : {1, 2, 4}) {
            const auto joined =
                Model::compile(network(joined_options), {.threads = threads, .isa = isa_under_test()}).value();
            const auto actual = joined->run(inputs);
            ASSERT_TRUE(actual.ok()) << actual.error().message;
            EXPECT_TRUE(same_bits(actual->front(), expected)) << threads << " threads, " << to_string(dims);
            const PlanarRows rows(inputs[0].data<float>().data(), static_cast<std::size_t>(dims[2]),
                                  static_cast<std::size_t>(dims[3]));
            EXPECT_TRUE(same_bits(joined->run(dims, rows).value().front(), expected)) << "by rows";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, JoinedRowsBits, testing::Bool(),
                         [](const auto& test) { return test.param ? "bytes" : "floats"; });

} // namespace
} // namespace detect::test
