// What this project exports is left in peace: both layouts, every opset.

#include "export/checkpoint_graph.h"
#include "export/opset_lowering.h"
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

/// Nothing of ours is ambiguous when nothing is found. Picture sizes are computed with integers of more than 32 bits,
/// which is said of TensorRT before version 10 and the like.
TEST(OwnExportForTensorRtTest, HasNoBranchesOrAmbiguousReshapes) {
    const Graph graph = require(graph_from_checkpoint(board_checkpoint(), {}, OutputLayout::batched, 17)).graph;
    const checking::CheckReport report = report_on(graph, {.target = checking::Runtime::tensorrt});
    for (const checking::Finding& finding : report.findings) EXPECT_THAT(finding.what, testing::HasSubstr("32 bits"));
}

INSTANTIATE_TEST_SUITE_P(LayoutsAndOpsets, OwnExportTest,
                         Combine(Values(OutputLayout::batched, OutputLayout::torchvision),
                                 Range(oldest_export_opset, newest_export_opset + 1)));

} // namespace
} // namespace detect::test
