// SPDX-License-Identifier: Apache-2.0
#include "graph/operators.h"
#include "onnx/reader.h"
#include "tests/cli/command.h"
#include "tests/cli/files.h"

#include <algorithm>
#include <sstream>

namespace detect::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

TEST(Info, TellsWhatAnExportedFileHolds) {
    const TempDir folder;
    const ProcessResult info = run_detect({"info", small_model().string()}, folder.path());
    ASSERT_TRUE(succeeded(info));
    EXPECT_EQ(info.errors, "");
    EXPECT_THAT(
        info.output,
        ContainsRegex("small.onnx: 7[0-9]\\.[0-9]+ MB, opset 17, [0-9]+ nodes, 1[89][0-9]+ parameters, fp32\n"));
    EXPECT_THAT(info.output, ContainsRegex("input +float32 +\\[batch, 3, height, width\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("boxes +float32 +\\[batch, num_detections, 4\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("labels +int64 +\\[batch, num_detections\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("scores +float32 +\\[batch, num_detections\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("valid_detections +int64 +\\[batch\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("min_size +320\n"));
    EXPECT_THAT(info.output,
                ContainsRegex("labels +\\[\"open\",\"short\",\"mousebite\",\"spur\",\"copper\",\"pin-hole\"\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("checkpoint_sha256 +[0-9a-f]{64}\n"));
    EXPECT_THAT(info.output, ContainsRegex(" NonMaxSuppression:2 "));
    EXPECT_THAT(files_in(folder.path()), testing::IsEmpty());
}

TEST(Info, KnowsACheckpointWhenItSeesOne) {
    const TempDir folder;
    const ProcessResult info = run_detect({"info", bundled_weights().string()}, folder.path());
    EXPECT_TRUE(refused(info, 3));
    EXPECT_THAT(error_line(info), HasSubstr("is a checkpoint, not an ONNX file; make one with 'detect export'"));
}

TEST(Info, ListsTheOperatorsThatTheRegistryHolds) {
    const TempDir folder;
    const ProcessResult info = run_detect({"info", "--operators"}, folder.path());
    ASSERT_TRUE(succeeded(info));
    std::istringstream lines(info.output);
    std::string name;
    std::string opset;
    std::string to;
    int first = 0;
    int last = 0;
    for (const Operator& op : operators()) {
        ASSERT_TRUE(lines >> name >> opset >> first >> to >> last) << "ends before " << op.name;
        EXPECT_EQ(name, (op.domain.empty() ? "" : std::string(op.domain) + ".") + std::string(op.name));
        EXPECT_EQ(first, std::max(op.since, min_opset)) << name;
        EXPECT_EQ(last, max_opset) << name;
    }
    EXPECT_FALSE(lines >> name) << name << " is not in the registry";
}

TEST(Info, WantsAFileOrTheOperators) {
    const TempDir folder;
    EXPECT_TRUE(refused(run_detect({"info", "--operators", small_model().string()}, folder.path()), 2));
    EXPECT_TRUE(refused(run_detect({"info"}, folder.path()), 2));
}

TEST(Info, NoticesThatItsOutputDoesNotArrive) {
    const TempDir folder;
    const ProcessResult info = run_process(
        {"/bin/sh", "-c", "exec '" + detect_command() + "' info '" + small_model().string() + "' > /dev/full"});
    EXPECT_TRUE(refused(info, 1));
    EXPECT_THAT(error_line(info), HasSubstr("standard output"));
}

} // namespace
} // namespace detect::test
