// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "executor/passes/passes.h"
#include "executor/reference/interpreter.h"
#include "tests/executor/plan/quantised_network.h"
#include "tests/support/isa_under_test.h"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

/// Float operators that 8-bit steps replace.
constexpr std::array float_steps{"DequantizeLinear", "QuantizeLinear", "Conv", "Gemm", "Add", "Relu"};

struct Case {
    const char* name;
    /// The largest difference from the interpreter: 0 where everything is exact.
    float tolerance;
    std::function<ValueId(QuantisedBuilder&, ValueId)> build;
    /// Labels of steps that must be there.
    std::vector<std::string> steps;
    int opset = 17;
};

/// Of squeeze-excite's output: 24 gated bytes that are all a step (1/32) off, with weights of at most 1/2, move a sum
/// by 0.375; so it moves by one step at most.
constexpr float coarse = 0.5F;

ValueId block(QuantisedBuilder& q, ValueId x, bool shortcut) {
    ValueId y = q.builder().node("Relu", {q.convolution(x, 8, 40, 1)});
    y = q.rounded(y, 1.F / 64.F, 0);
    y = q.builder().node("Relu", {q.convolution(y, 40, 0, 5, shortcut ? 1 : 2)});
    y = q.rounded(y, 1.F / 32.F, 0);
    y = q.convolution(y, 40, 8, 1);
    if (!shortcut) return q.rounded(y, 0.125F, 130);
    y = q.builder().add(q.rounded(y, 0.125F, 130), x);
    return q.rounded(y, 0.125F, 120);
}

ValueId squeeze_excite(QuantisedBuilder& q, ValueId x) {
    GraphBuilder& b = q.builder();
    ValueId y = q.rounded(b.node("Relu", {q.convolution(x, 8, 24, 1)}), 1.F / 64.F, 0);
    y = q.rounded(b.node("HardSwish", {q.convolution(y, 24, 0, 3)}), 1.F / 32.F, 12);
    ValueId gate = b.node("GlobalAveragePool", {y});
    gate = b.node("HardSigmoid", {gate}, {{"alpha", 1.F / 6.F}});
    y = q.rounded(b.mul(gate, y), 1.F / 32.F, 12);
    return q.rounded(q.convolution(y, 24, 16, 1), coarse, 128);
}

ValueId box_head(QuantisedBuilder& q, ValueId x) {
    GraphBuilder& b = q.builder();
    const ValueId map = q.rounded(q.convolution(x, 8, 16, 3), 0.125F, 128);
    const ValueId rois = b.constant("rois", Tensor::of<float>({3, 4}, {0, 0, 8, 8, 1, 2, 5, 9, 3, 3, 11, 7}));
    const ValueId pictures = b.constant("pictures", Tensor::of<std::int64_t>({3}, {0, 1, 0}));
    ValueId y = b.node("RoiAlign", {map, rois, pictures},
                       {{"output_height", std::int64_t{4}},
                        {"output_width", std::int64_t{4}},
                        {"sampling_ratio", std::int64_t{2}},
                        {"coordinate_transformation_mode", std::string("output_half_pixel")}});
    y = b.node("Flatten", {y}, {{"axis", std::int64_t{1}}});
    // All positions of samples are dyadic, so weights are exact too.
    y = q.rounded(y, 0.25F, 128);
    y = q.rounded(b.node("Relu", {q.linear(y, 256, 32)}), 0.5F, 0);
    return q.linear(y, 32, 5);
}

std::vector<Case> cases() {
    const auto relu = [](QuantisedBuilder& q, ValueId x) { return q.builder().node("Relu", {x}); };
    return {
        {"pointwise",
         0.F,
         [=](auto& q, ValueId x) { return q.rounded(relu(q, q.convolution(x, 8, 20, 1)), 1.F / 32.F, 0); },
         {"Conv int8 1x1 8->20"}},
        {"windows_to_floats",
         0.F,
         [=](auto& q, ValueId x) { return relu(q, q.convolution(x, 8, 20, 3)); },
         {"Conv int8 3x3 8->20 float"}},
        {"depthwise",
         0.F,
         [=](auto& q, ValueId x) { return q.rounded(q.convolution(x, 8, 0, 3, 2), 0.125F, 99); },
         {"Depthwise int8 3x3 /2 8"}},
        {"hard_swish",
         1.F / 16.F,
         [](auto& q, ValueId x) {
             return q.rounded(q.builder().node("HardSwish", {q.convolution(x, 8, 20, 1)}), 1.F / 16.F, 6);
         },
         {"Conv int8 1x1 8->20"}},
        {"hard_swish_of_old_opsets",
         1.F / 16.F,
         [](auto& q, ValueId x) {
             const ValueId y = q.convolution(x, 8, 20, 1);
             const ValueId gate = q.builder().node("HardSigmoid", {y}, {{"alpha", 1.F / 6.F}});
             return q.rounded(q.builder().mul(y, gate), 1.F / 16.F, 6);
         },
         {"Conv int8 1x1 8->20"},
         13},
        {"block",
         0.F,
         [](auto& q, ValueId x) { return block(q, x, false); },
         {"InvertedResidual int8 5x5 /2 8->40->8"}},
        {"block_with_shortcut",
         0.F,
         [](auto& q, ValueId x) { return block(q, block(q, x, true), true); },
         {"InvertedResidual int8 5x5 8->40->8"}},
        {"shortcut_of_floats",
         0.F,
         [](auto& q, ValueId x) {
             const ValueId floats = q.builder().node("Neg", {x});
             return q.builder().add(floats, q.convolution(x, 8, 8, 1));
         },
         {"Conv int8 1x1 8->8 add float", "Neg"}},
        {"squeeze_excite", coarse, squeeze_excite, {"InvertedResidual int8 3x3 8->24", "Conv int8 1x1 24->16 gate"}},
        {"box_head", 0.F, box_head, {"RoiAlign int8", "Gemm int8 256->32", "Gemm int8 32->5"}},
        {"several_readers",
         0.F,
         [=](auto& q, ValueId x) {
             const ValueId y = q.rounded(relu(q, q.convolution(x, 8, 12, 1)), 1.F / 16.F, 0);
             const ValueId pooled =
                 q.builder().node("MaxPool", {y}, {{"kernel_shape", std::vector<std::int64_t>{1, 1}}});
             const ValueId again = q.convolution(q.rounded(pooled, 1.F / 16.F, 0), 12, 12, 3);
             return q.builder().add(q.builder().add(again, q.convolution(y, 12, 12, 1)), y);
         },
         {"Conv int8 3x3 12->12 add float", "Conv int8 1x1 12->12 float", "MaxPool", "Add"}},
        // Not for 8-bit steps: three channels at most instruction sets, a stride, weights by input channel.
        {"strided",
         0.F,
         [](auto& q, ValueId x) { return q.rounded(q.convolution(x, 8, 12, 3, 2), 0.25F, 128); },
         {"Conv 3x3 8->12", "quantise"}},
        {"weights_by_input",
         0.F,
         [](auto& q, ValueId x) {
             GraphBuilder& b = q.builder();
             const ValueId bytes =
                 b.constant("w", Tensor::of<std::int8_t>({2, 8, 1, 1}, std::vector<std::int8_t>(16, -77)));
             Tensor scales = Tensor::create(DataType::float32, {8}).value();
             for (std::size_t i = 0; i < 8; ++i) scales.mutable_data<float>()[i] = i % 2 == 0 ? 0.5F : 0.25F;
             const ValueId zeros = b.constant("zeros", Tensor::create(DataType::int8, {8}).value());
             const ValueId w =
                 b.node("DequantizeLinear", {bytes, b.constant("s", scales), zeros}, {{"axis", std::int64_t{1}}});
             return b.node("Conv", {x, w});
         },
         {"Conv 1x1 8->2"}},
    };
}

Graph build(const Case& c, bool is_signed) {
    QuantisedBuilder q(is_signed, c.opset);
    const ValueId input = q.builder().input("input", DataType::float32, {"batch", 8, "height", "width"});
    q.builder().output("y", c.build(q, q.rounded(input, 1.F / 64.F, 128)), std::nullopt);
    return q.builder().finish().value();
}

class Int8ModelTest : public testing::TestWithParam<std::tuple<std::size_t, bool, Isa>> {
protected:
    [[nodiscard]] static Case scene() { return cases()[std::get<0>(GetParam())]; }
    [[nodiscard]] static Graph graph() { return build(scene(), std::get<1>(GetParam())); }
    [[nodiscard]] static std::shared_ptr<const Model> model(int threads = 1) {
        auto compiled = Model::compile(graph(), {.threads = threads, .isa = std::get<2>(GetParam())});
        return compiled.ok() ? *compiled : nullptr;
    }
};

// The weights' and activations' scales are powers of two, so the interpreter's float sums are exact like ours, and a
// division by a scale is the product with its reciprocal: no difference is allowed. Hard-swish and gates round
// differently in the last bit and may cross a half, which is one step of their tensor.
TEST_P(Int8ModelTest, AgreesWithTheInterpreter) {
    const Tensor x = picture_of_steps({2, 8, 13, 11}, 3);
    const auto expected = interpret(graph(), std::span(&x, 1));
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    const auto compiled = model();
    ASSERT_TRUE(compiled != nullptr);
    std::vector<StepTime> times;
    const auto found = compiled->run(std::span(&x, 1), times);
    ASSERT_TRUE(found.ok()) << found.error().message;
    ASSERT_EQ((*found)[0].dims(), (*expected)[0].dims());
    const auto mine = (*found)[0].data<float>();
    const auto theirs = (*expected)[0].data<float>();
    float most = 0.F;
    std::size_t different = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) {
        most = std::max(most, std::abs(mine[i] - theirs[i]));
        different += mine[i] != theirs[i] ? 1 : 0;
    }
    EXPECT_LE(most, scene().tolerance);
    EXPECT_LE(different, scene().tolerance > 0.F ? mine.size() / 10 : 0);
    EXPECT_GT(std::ranges::max(theirs) - std::ranges::min(theirs), 0.1F) << "nothing to compare";

    std::vector<std::string> labels;
    for (const StepTime& time : times) labels.push_back(time.label);
    for (const std::string& step : scene().steps) EXPECT_THAT(labels, Contains(HasSubstr(step)));
    const bool all_bytes = scene().steps.front().find("int8") != std::string::npos && scene().steps.size() == 1;
    for (std::size_t i = 0; all_bytes && i < float_steps.size(); ++i) {
        EXPECT_THAT(labels, Not(Contains(float_steps[i])));
    }
}

TEST_P(Int8ModelTest, GivesTheSameBitsAtAnyThreadsBatchAndRepetition) {
    if (std::string_view(scene().name) == "box_head") return; // its RoIs are of a batch of two
    const Tensor batch = picture_of_steps({3, 8, 9, 14}, 4);
    const auto compiled = model(1);
    ASSERT_TRUE(compiled != nullptr);
    const auto expected = compiled->run(std::span(&batch, 1)).value()[0];
    const auto two = model(2);
    for (int repetition = 0; repetition < 3; ++repetition) {
        const auto found = two->run(std::span(&batch, 1)).value()[0];
        EXPECT_TRUE(std::ranges::equal(found.bytes(), expected.bytes()));
    }
    const std::size_t picture = static_cast<std::size_t>(batch.element_count()) / 3;
    for (std::size_t n = 0; n < 3; ++n) {
        const Tensor one = Tensor::of<float>({1, 8, 9, 14}, batch.data<float>().subspan(n * picture, picture));
        const auto found = two->run(std::span(&one, 1)).value()[0];
        const std::size_t bytes = expected.byte_count() / 3;
        EXPECT_TRUE(std::ranges::equal(found.bytes(), expected.bytes().subspan(n * bytes, bytes)));
    }
}

INSTANTIATE_TEST_SUITE_P(All, Int8ModelTest,
                         testing::Combine(testing::Range(std::size_t{0}, cases().size()), testing::Bool(),
                                          testing::ValuesIn(available_isas().begin(), available_isas().end())),
                         [](const auto& test) {
                             return std::string(cases()[std::get<0>(test.param)].name) +
                                    (std::get<1>(test.param) ? "_signed_" : "_unsigned_") +
                                    std::string(to_string(std::get<2>(test.param)));
                         });

TEST(Int8Model, BytesMayComeFromOutsideAndGoThere) {
    for (const DataType type : {DataType::uint8, DataType::int8}) {
        QuantisedBuilder q(type == DataType::int8);
        GraphBuilder& b = q.builder();
        const ValueId input = b.input("input", type, {1, 4, 3, 5});
        const ValueId scale = b.scalar(0.125F);
        const ValueId zero = type == DataType::int8 ? b.constant("zero", Tensor::scalar<std::int8_t>(3))
                                                    : b.constant("zero", Tensor::scalar<std::uint8_t>(140));
        const ValueId x = q.known(b.node("DequantizeLinear", {input, scale, zero}), 0.125F);
        const ValueId y = b.node("QuantizeLinear", {q.convolution(x, 4, 6, 1), scale, zero});
        b.output("y", y, std::nullopt);
        b.output("flat", b.node("Flatten", {y}, {{"axis", std::int64_t{1}}}), std::nullopt);
        const Graph graph = b.finish().value();
        Tensor bytes = Tensor::create(type, {1, 4, 3, 5}).value();
        for (std::size_t i = 0; i < 60; ++i) bytes.mutable_bytes()[i] = static_cast<std::byte>(5 * i);
        const auto expected = interpret(graph, std::span(&bytes, 1)).value();
        const auto found = Model::compile(graph, {.isa = isa_under_test()}).value()->run(std::span(&bytes, 1)).value();
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(found[i].type(), type);
            EXPECT_EQ(found[i].dims(), expected[i].dims());
            EXPECT_TRUE(std::ranges::equal(found[i].bytes(), expected[i].bytes()));
        }
    }
}

TEST(Int8Model, TrainedBytesAreFreedOncePacked) {
    QuantisedBuilder q(false);
    const ValueId input = q.builder().input("input", DataType::float32, {1, 64, 4, 4});
    const ValueId x = q.rounded(input, 1.F / 64.F, 128);
    const ValueId y = q.rounded(q.convolution(x, 64, 512, 3), 1.F, 128);
    q.builder().output("y", q.convolution(y, 512, 8, 1), std::nullopt);
    const auto model = Model::compile(q.builder().finish().value(), {.isa = Isa::portable}).value();
    for (const Value& value : model->graph().values)
        EXPECT_LT(value.constant.defined() ? value.constant.byte_count() : 0, 4096U);
    // 295 kB and 4 kB of weights; offsets, scales and biases.
    EXPECT_LT(model->memory().used(), 320000U);
    EXPECT_GT(model->memory().used(), 299000U);
}

TEST(Int8Model, ScalesThatMakeNoSenseAreLeftToPlainOperators) {
    for (const float scale : {0.F, -1.F, 1e38F, std::numeric_limits<float>::quiet_NaN()}) {
        QuantisedBuilder q(false);
        const ValueId input = q.builder().input("input", DataType::float32, {1, 8, 4, 4});
        q.builder().output("y", q.convolution(q.rounded(input, scale, 128), 8, 8, 1), std::nullopt);
        const auto model = Model::compile(q.builder().finish().value());
        ASSERT_TRUE(model.ok()) << model.error().message;
        const Tensor x = picture_of_steps({1, 8, 4, 4}, 5);
        std::vector<StepTime> times;
        ASSERT_TRUE((*model)->run(std::span(&x, 1), times).ok());
        std::vector<std::string> labels;
        for (const StepTime& time : times) labels.push_back(time.label);
        EXPECT_THAT(labels, Each(Not(HasSubstr("int8"))));
    }
}

} // namespace
} // namespace detect::test
