// SPDX-License-Identifier: Apache-2.0
// Small graphs, each with one thing wrong, and their sound twins.

#include "graph/builder.h"
#include "tests/check/support.h"
#include "tests/support/require.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using checking::CheckReport;
using checking::Runtime;
using checking::Severity;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const ParameterMap no_parameters;

/// input [batch, 3, height, width] → mean over each channel → weights [3, classes] → softmax: a classifier.
Graph classifier(std::vector<float> weights, std::int64_t classes = 2) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId mean =
        b.node("ReduceMean", {input}, {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}});
    const ValueId w = b.constant("weights", Tensor::of<float>({3, classes}, std::span<const float>(weights)));
    b.output("scores", b.node("Softmax", {b.node("MatMul", {mean, w})}, {{"axis", std::int64_t{1}}}),
             Shape{"batch", classes});
    return require(b.finish());
}

TEST(GraphsTest, ASoundOneIsLeftInPeaceForEveryTarget) {
    for (const Runtime target : checking::all_runtimes()) {
        const CheckReport report = report_on(classifier({1, 0, 0, 1, 1, 1}), {.target = target});
        EXPECT_THAT(report.findings, IsEmpty()) << to_string(target);
        EXPECT_FALSE(report.has_problems());
    }
}

TEST(GraphsTest, NanAndInfinityInWeights) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    CheckReport report = report_on(classifier({1, nan, 0, 1, nan, 1}));
    ASSERT_THAT(problems(report), ElementsAre("numbers"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("2 of 6 weights are NaN"));
    EXPECT_THAT(report.findings[0].where, HasSubstr("weights 'weights'"));
    report = report_on(classifier({1, 0, 0, -infinity, 1, 1}));
    ASSERT_THAT(problems(report), ElementsAre("numbers"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("1 of 6 weights are infinite"));
}

/// A mask of -infinity is how attention leaves places out: no weight, no problem.
TEST(GraphsTest, AnInfiniteMaskIsFine) {
    const float infinity = std::numeric_limits<float>::infinity();
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, 4, 4});
    const ValueId rows = b.reshape(input, b.constant("sizes", Tensor::of<std::int64_t>({3}, {0, 3, 16})));
    const ValueId mask = b.constant("mask", Tensor::of<float>({1, 3, 1}, {0, 0, -infinity}));
    b.output("weights", b.node("Softmax", {b.add(rows, mask)}, {{"axis", std::int64_t{1}}}), Shape{"batch", 3, 16});
    EXPECT_THAT(report_on(require(b.finish())).findings, IsEmpty());
}

TEST(GraphsTest, NanOnTheWay) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId negative = b.sub(input, b.scalar(2.0F));
    b.output("roots", b.node("Sqrt", {negative}), Shape{"batch", 3, "height", "width"});
    const CheckReport report = report_on(require(b.finish()));
    ASSERT_THAT(problems(report), ElementsAre("numbers"));
    EXPECT_THAT(report.findings[0].where, HasSubstr("(Sqrt)"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("computes NaN on an ordinary picture"));
}

TEST(GraphsTest, WhatFloat16CannotHoldMattersWhereItIsUsed) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    b.output("large", b.mul(input, b.scalar(1e6F)), Shape{"batch", 3, "height", "width"});
    const Graph graph = require(b.finish());
    EXPECT_THAT(report_on(graph).findings, IsEmpty());
    const CheckReport report = report_on(graph, {.target = Runtime::tensorrt});
    ASSERT_THAT(problems(report), ElementsAre("numbers"));
    EXPECT_THAT(report.findings[0].where, HasSubstr("(Mul)"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("in float16"));
    EXPECT_THAT(report.findings[0].runtimes, ElementsAre(Runtime::tensorrt, Runtime::openvino));
}

/// Pixels in reach of 32 bits, or not.
Graph with_integer(std::int64_t value) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId whole = b.cast(input, DataType::int64);
    b.output("hashed", b.add(whole, b.constant("seed", Tensor::of<std::int64_t>({2}, {value, 1}))), std::nullopt);
    Graph graph = require(b.finish());
    return graph;
}

/// The picture as bytes and back.
template <class Byte>
Graph quantized_with(Byte zero_point) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId scale = b.scalar(1.0F / 64.0F);
    const ValueId zero = b.constant("zero_point", Tensor::scalar(zero_point));
    const ValueId bytes = b.node("QuantizeLinear", {input, scale, zero});
    const ValueId floats = b.node("DequantizeLinear", {bytes, scale, zero});
    b.output("rounded", floats, Shape{"batch", 3, "height", "width"});
    return require(b.finish());
}

TEST(GraphsTest, QuantizationOtherThanTensorRts) {
    const auto what = [](const Graph& graph) {
        const auto findings = findings_of(report_on(graph, {.target = Runtime::tensorrt}), "compatibility");
        return findings.empty() ? std::string() : findings[0].what;
    };
    EXPECT_EQ(what(quantized_with(std::int8_t{0})), "");
    EXPECT_THAT(what(quantized_with(std::int8_t{3})), HasSubstr("2 nodes have a zero point other than 0; TensorRT"));
    EXPECT_THAT(what(quantized_with(std::uint8_t{0})), HasSubstr("2 nodes have uint8; TensorRT"));
    EXPECT_THAT(findings_of(report_on(quantized_with(std::uint8_t{0})), "compatibility"), IsEmpty());
}

TEST(GraphsTest, IntegersBeyond32Bits) {
    const std::int64_t large = std::int64_t{1} << 40;
    for (const Runtime target : {Runtime::tensorrt, Runtime::openvino, Runtime::opencv}) {
        const CheckReport report = report_on(with_integer(large), {.target = target});
        ASSERT_FALSE(findings_of(report, "compatibility").empty()) << to_string(target);
        EXPECT_THAT(findings_of(report, "compatibility")[0].what, HasSubstr("do not fit into 32 bits"));
    }
    EXPECT_THAT(findings_of(report_on(with_integer(large)), "compatibility"), IsEmpty());
    EXPECT_THAT(findings_of(report_on(with_integer(7), {.target = Runtime::tensorrt}), "compatibility"), IsEmpty());
    // "To the end" of a Slice is cut off to the same.
    const std::int64_t all = std::numeric_limits<std::int64_t>::max();
    EXPECT_THAT(findings_of(report_on(with_integer(all), {.target = Runtime::tensorrt}), "compatibility"), IsEmpty());
}

/// Scores of `classes` classes, background first, and labels: what check_labels looks for.
Graph with_background(std::int64_t classes, const char* names) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId mean =
        b.node("ReduceMean", {input}, {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}});
    const std::vector<float> weights(static_cast<std::size_t>(3 * classes), 0.1F);
    const ValueId w = b.constant("weights", Tensor::of<float>({3, classes}, std::span<const float>(weights)));
    const ValueId all = b.node("Softmax", {b.node("MatMul", {mean, w})}, {{"axis", std::int64_t{1}}});
    b.output("scores", b.slice(all, 1, std::numeric_limits<std::int64_t>::max(), 1), std::nullopt);
    Graph graph = require(b.finish());
    if (*names != '\0') graph.metadata["labels"] = names;
    return graph;
}

TEST(GraphsTest, NamesThatDoNotFit) {
    EXPECT_THAT(report_on(with_background(3, "")).findings, IsEmpty());
    EXPECT_THAT(report_on(with_background(3, R"(["cat","dog"])")).findings, IsEmpty());

    CheckReport report = report_on(with_background(3, R"(["__background__","cat","dog"])"));
    ASSERT_THAT(problems(report), ElementsAre("labels"));
    EXPECT_THAT(report.findings[0].where, HasSubstr("metadata 'labels'"));
    EXPECT_THAT(report.findings[0].what,
                HasSubstr("labels off by one: there are 3 names for 2 classes and the background"));
    EXPECT_THAT(report.findings[0].advice, HasSubstr("leave '__background__' out"));

    report = report_on(with_background(5, R"(["cat","dog"])"));
    ASSERT_THAT(problems(report), ElementsAre("labels"));
    EXPECT_THAT(report.findings[0].what,
                HasSubstr("there are 2 names, but the model has 4 classes besides the background"));

    // Names that the user gives count before those in the file.
    report = report_on(with_background(3, R"(["cat","dog"])"), {.labels = std::vector<std::string>{"cat"}});
    ASSERT_THAT(problems(report), ElementsAre("labels"));
    EXPECT_EQ(report.findings[0].where, "the class names given");
}

/// Regions of interest pooled at opset 16 or later, with or without the mode.
Graph pooling(int opset, const char* mode) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {1, 3, "height", "width"});
    const ValueId boxes = b.constant("boxes", Tensor::of<float>({1, 4}, {2, 2, 30, 30}));
    const ValueId which = b.constant("which", Tensor::of<std::int64_t>({1}, {0}));
    std::map<std::string, Attribute, std::less<>> attributes{{"output_height", std::int64_t{2}},
                                                             {"output_width", std::int64_t{2}}};
    if (*mode != '\0') attributes["coordinate_transformation_mode"] = std::string(mode);
    b.output("regions", b.node("RoiAlign", {input, boxes, which}, attributes), std::nullopt);
    Graph graph = require(b.finish());
    graph.opset = opset;
    return graph;
}

TEST(GraphsTest, RoiAlignMustSayItsModeFromOpset16On) {
    const CheckReport report = report_on(pooling(16, ""));
    ASSERT_THAT(problems(report), ElementsAre("roi-align-mode"));
    EXPECT_EQ(report.findings[0].severity, Severity::warning); // nothing was shown on a picture
    EXPECT_THAT(report_on(pooling(15, "")).findings, IsEmpty());
    EXPECT_THAT(report_on(pooling(16, "half_pixel")).findings, IsEmpty());
    EXPECT_THAT(report_on(pooling(17, "output_half_pixel")).findings, IsEmpty());
}

TEST(GraphsTest, BatchBakedIntoAReshape) {
    const auto graph = [](std::int64_t batch) {
        GraphBuilder b(no_parameters);
        const ValueId input = b.input("input", DataType::float32, {"batch", 3, 64, 64});
        b.output("rows", b.reshape(input, b.constant("sizes", Tensor::of<std::int64_t>({3}, {batch, 3, 64 * 64}))),
                 std::nullopt);
        return require(b.finish());
    };
    EXPECT_THAT(report_on(graph(-1)).findings, IsEmpty());
    const CheckReport report = report_on(graph(1));
    ASSERT_THAT(problems(report), ElementsAre("baked-batch"));
    EXPECT_THAT(report.findings[0].where, HasSubstr("(Reshape)"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("a batch of 1 works, one of 2 stops here"));
}

/// Decoded boxes cut into fours, with or without the number that a trace without proposals slices off.
TEST(GraphsTest, BoxesOfEveryClassMayBeCutIntoFours) {
    const auto decoding = [](std::int64_t sliced_off) {
        GraphBuilder b(no_parameters);
        const ValueId input = b.input("input", DataType::float32, {"n", 7, 4});
        const ValueId rows = b.reshape(input, b.constant("rows", Tensor::of<std::int64_t>({2}, {0, 28})));
        const ValueId rest = b.slice(b.node("Exp", {rows}), sliced_off, 1000, 1);
        b.output("boxes", b.reshape(rest, b.constant("fours", Tensor::of<std::int64_t>({2}, {-1, 4}))), std::nullopt);
        return require(b.finish());
    };
    EXPECT_THAT(report_on(decoding(4)).findings, IsEmpty());
    const CheckReport report = report_on(decoding(1));
    ASSERT_THAT(problems(report), ElementsAre("proposal-less-trace"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("[n, 27]"));
}

/// Whatever the reason: an index that nothing holds back, here.
TEST(GraphsTest, ARunThatStopsIsAProblemInItself) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {1, 3, 64, 64});
    const ValueId places = b.cast(b.mul(input, b.scalar(1000.0F)), DataType::int64);
    const ValueId table = b.constant("table", Tensor::of<float>({2}, {0, 1}));
    b.output("found", b.gather(table, places, 0), Shape{1, 3, 64, 64});
    const CheckReport report = report_on(require(b.finish()));
    ASSERT_THAT(problems(report), ElementsAre("runs"));
    EXPECT_THAT(report.findings[0].where, HasSubstr("(Gather)"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("stops on a drawn picture: "));
}

TEST(GraphsTest, AnInputThatIsNoPictureIsNotRun) {
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("tokens", DataType::int64, {"batch", 77});
    b.output("same", b.add(input, b.scalar(std::int64_t{1})), Shape{"batch", 77});
    const CheckReport report = report_on(require(b.finish()));
    EXPECT_THAT(report.findings, IsEmpty());
    ASSERT_THAT(report.left_out, SizeIs(1));
    EXPECT_THAT(report.left_out[0], HasSubstr("was not run"));
}

} // namespace
} // namespace detect::test
