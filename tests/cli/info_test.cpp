#include "tests/cli/command.h"
#include "tests/cli/files.h"

namespace detect::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

TEST(Info, TellsWhatAnExportedFileHolds) {
    const TempDir folder;
    const ProcessResult info = run_detect({"info", small_model().string()}, folder.path());
    ASSERT_TRUE(succeeded(info));
    EXPECT_EQ(info.errors, "");
    EXPECT_THAT(info.output,
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

TEST(Info, NoticesThatItsOutputDoesNotArrive) {
    const TempDir folder;
    const ProcessResult info = run_process(
        {"/bin/sh", "-c", "exec '" + detect_command() + "' info '" + small_model().string() + "' > /dev/full"});
    EXPECT_TRUE(refused(info, 1));
    EXPECT_THAT(error_line(info), HasSubstr("standard output"));
}

} // namespace
} // namespace detect::test
