// SPDX-License-Identifier: Apache-2.0
// What this project exports is left in peace: both layouts, every opset.

#include "check/exported_settings.h"
#include "export/checkpoint_graph.h"
#include "export/reduced_precision.h"
#include "onnx/opset_conversion.h"
#include "tests/check/support.h"
#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::Combine;
using testing::IsEmpty;
using testing::Range;
using testing::Values;

class OwnExportTest : public testing::TestWithParam<std::tuple<OutputLayout, int>> {};

TEST_P(OwnExportTest, HasNoFindings) {
    const auto [layout, opset] = GetParam();
    const SettingsOverrides settings{.min_size = 320, .max_size = 320, .rpn_top_n = 100};
    const Graph graph = require(graph_from_checkpoint(board_checkpoint(), settings, layout, opset)).graph;
    const checking::CheckReport report = report_on(graph, {.image = board_picture()});
    EXPECT_THAT(report.findings, IsEmpty()) << testing::PrintToString(report.findings);
    EXPECT_THAT(report.left_out, IsEmpty());
    EXPECT_EQ(report.opset, opset);
}

struct Reduced {
    const char* name;
    Precision precision;
    ActivationType activations;
};

class OwnReducedExportTest : public testing::TestWithParam<Reduced> {};

TEST_P(OwnReducedExportTest, HasNoFindings) {
    const SettingsOverrides settings{.min_size = 320, .max_size = 320, .rpn_top_n = 100};
    CheckpointGraph network = require(graph_from_checkpoint(board_checkpoint(), settings, OutputLayout::batched, 17));
    const Tensor image = board_picture();
    const auto read = [&](std::size_t) -> Result<Tensor> { return image.reshaped({1, 3, 640, 640}); };
    const PrecisionReport precision = require(reduce_precision(network,
                                                               {.precision = GetParam().precision,
                                                                .activations = GetParam().activations,
                                                                .calibration = {.count = 2, .read = read}},
                                                               image));
    ASSERT_EQ(precision.precision, GetParam().precision);
    ASSERT_EQ(precision_of(network.graph), GetParam().precision);
    const checking::CheckReport report = report_on(network.graph, {.image = image});
    EXPECT_THAT(report.findings, IsEmpty()) << testing::PrintToString(report.findings);
    EXPECT_THAT(report.left_out, IsEmpty());
    EXPECT_THAT(report.feeding, testing::StartsWith("values 0 to 1"));

    // uint8 and int32 are for CPUs; --portable is what TensorRT takes.
    const checking::CheckReport for_tensorrt = report_on(network.graph, {.target = checking::Runtime::tensorrt});
    const bool for_cpus =
        GetParam().precision == Precision::int8 && GetParam().activations == ActivationType::asymmetric_uint8;
    EXPECT_EQ(for_tensorrt.findings.size(), for_cpus ? 1U : 0U) << testing::PrintToString(for_tensorrt.findings);
    for (const checking::Finding& finding : for_tensorrt.findings) {
        EXPECT_THAT(finding.what, testing::HasSubstr("TensorRT's QuantizeLinear"));
    }
}

INSTANTIATE_TEST_SUITE_P(Precisions, OwnReducedExportTest,
                         Values(Reduced{"Fp16", Precision::fp16, ActivationType::asymmetric_uint8},
                                Reduced{"Int8", Precision::int8, ActivationType::asymmetric_uint8},
                                Reduced{"Portable", Precision::int8, ActivationType::symmetric_int8}),
                         [](const auto& test) { return test.param.name; });

TEST(OwnExportForRuntimesTest, IsTakenByThoseThatHaveItsOperators) {
    const Graph graph = require(graph_from_checkpoint(board_checkpoint(), {}, OutputLayout::batched, 17)).graph;
    using checking::Runtime;
    for (const Runtime runtime : {Runtime::onnxruntime, Runtime::tensorrt, Runtime::openvino}) {
        const checking::CheckReport report = report_on(graph, {.target = runtime});
        EXPECT_THAT(report.findings, IsEmpty()) << testing::PrintToString(report.findings);
    }
    // OpenCV 4's dnn module takes no detector that selects by value: nothing but its missing operators is said.
    const checking::CheckReport for_opencv = report_on(graph, {.target = Runtime::opencv});
    ASSERT_EQ(for_opencv.findings.size(), 1U) << testing::PrintToString(for_opencv.findings);
    EXPECT_THAT(for_opencv.findings.front().what, testing::StartsWith("OpenCV 4's dnn module has no "));
}

/// All settings that a command line can name are read off the file, lists as well.
TEST(OwnExportSettingsTest, AreReadOffTheFile) {
    const std::vector<std::int64_t> sizes{24, 48, 96, 192, 384};
    const SettingsOverrides settings{.min_size = 320, .max_size = 352, .anchor_sizes = sizes, .rpn_top_n = 100};
    const Graph graph = require(graph_from_checkpoint(board_checkpoint(), settings, OutputLayout::batched, 17)).graph;
    const SettingsOverrides found = checking::exported_settings(checking::GraphQueries(graph));
    EXPECT_EQ(found.min_size, 320);
    EXPECT_EQ(found.max_size, 352);
    EXPECT_EQ(found.anchor_sizes, sizes);
    EXPECT_EQ(found.rpn_pre_nms_top_n, 100);
    EXPECT_EQ(found.rpn_post_nms_top_n, 100);
    EXPECT_EQ(found.rpn_score_threshold, 0.05F);
    EXPECT_EQ(found.max_detections, 100);
    EXPECT_EQ(found.labels, std::nullopt) << "the checkpoint has its names itself";
}

INSTANTIATE_TEST_SUITE_P(LayoutsAndOpsets, OwnExportTest,
                         Combine(Values(OutputLayout::batched, OutputLayout::torchvision),
                                 Range(oldest_export_opset, newest_export_opset + 1)));

} // namespace
} // namespace detect::test
