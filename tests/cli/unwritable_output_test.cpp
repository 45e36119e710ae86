// SPDX-License-Identifier: Apache-2.0
// Results that cannot be written where the user wants them: exit code 1, and nothing half-written.

#include "tests/cli/command.h"
#include "tests/cli/files.h"

#include <unistd.h>

namespace detect::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class UnwritableOutput : public testing::Test {
protected:
    UnwritableOutput() {
        write_tiny_model(elsewhere_ / "tiny.onnx");
        write_text(folder_ / "file", "as it was\n");
        std::filesystem::create_directory(folder_ / "folder.png");
        std::filesystem::create_directory(folder_ / "folder.onnx");
    }

    /// The command refuses, naming `file`, and every file is as it was before.
    std::string refusal(const std::vector<std::string>& arguments, const std::string& file) {
        const auto before = files_in(folder_.path());
        const ProcessResult result = run_detect(arguments, folder_.path());
        EXPECT_TRUE(refused(result, 1)) << file;
        EXPECT_THAT(error_line(result), StartsWith(file));
        EXPECT_EQ(files_in(folder_.path()), before);
        EXPECT_EQ(read_text(folder_ / "file"), "as it was\n");
        return error_line(result);
    }
    std::string of_run(std::vector<std::string> arguments, const std::string& file) {
        arguments.insert(arguments.begin(), {"run", board().string(), "--model", (elsewhere_ / "tiny.onnx").string()});
        return refusal(arguments, file);
    }
    std::string of_export(const std::string& file) {
        return refusal({"export", "--image", board().string(), "-o", file}, file);
    }

    TempDir folder_;
    TempDir elsewhere_;
};

TEST_F(UnwritableOutput, AFolderStandsWhereTheFileIsToBe) {
    EXPECT_THAT(of_run({"-o", "folder.png"}, "folder.png"), HasSubstr("directory"));
    EXPECT_THAT(of_run({"--json", "folder.png"}, "folder.png"), HasSubstr("directory"));
    EXPECT_THAT(of_export("folder.onnx"), HasSubstr("directory"));
}

TEST_F(UnwritableOutput, TheFolderIsMissing) {
    EXPECT_THAT(of_run({"-o", "missing/drawn.png"}, "missing/drawn.png"), HasSubstr("No such file or directory"));
    EXPECT_THAT(of_run({"--json", "missing/found.json"}, "missing/found.json"), HasSubstr("No such file or directory"));
    EXPECT_THAT(of_export("missing/model.onnx"), HasSubstr("No such file or directory"));
}

TEST_F(UnwritableOutput, AFileStandsWhereTheFolderIsToBe) {
    EXPECT_THAT(of_run({board().string(), "-o", "file"}, "file"), HasSubstr("folder"));
    EXPECT_THAT(of_run({"-o", "file/drawn.png"}, "file/drawn.png"), HasSubstr("Not a directory"));
    EXPECT_THAT(of_export("file/model.onnx"), HasSubstr("Not a directory"));
}

TEST_F(UnwritableOutput, DevicesAreLeftAlone) {
    EXPECT_THAT(of_export("/dev/null"), HasSubstr("not a regular file"));
    EXPECT_THAT(of_run({"--json", "/dev/null"}, "/dev/null"), HasSubstr("not a regular file"));
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(UnwritableOutput, TheFolderTakesNoFiles) {
    of_run({"-o", "/proc/drawn.png"}, "/proc/drawn.png");
    of_run({"--json", "/proc/found.json"}, "/proc/found.json");
    of_export("/proc/model.onnx");
}

TEST_F(UnwritableOutput, WithoutPermission) {
    if (::geteuid() == 0) GTEST_SKIP() << "the superuser may write everywhere";
    std::filesystem::create_directory(folder_ / "sealed");
    std::filesystem::permissions(folder_ / "sealed",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    EXPECT_THAT(of_run({"-o", "sealed/drawn.png"}, "sealed/drawn.png"), HasSubstr("Permission denied"));
    EXPECT_THAT(of_run({board().string(), "-o", "sealed/new"}, "sealed/new"), HasSubstr("folder"));
    EXPECT_THAT(of_export("sealed/model.onnx"), HasSubstr("Permission denied"));
}

TEST_F(UnwritableOutput, StandardOutputIsFull) {
    const ProcessResult result =
        run_process({"/bin/sh", "-c",
                     "exec '" + detect_command() + "' run '" + board().string() + "' --no-draw --json - --model '" +
                         (elsewhere_ / "tiny.onnx").string() + "' > /dev/full"});
    EXPECT_TRUE(refused(result, 1));
    EXPECT_THAT(error_line(result), StartsWith("standard output"));
}

TEST_F(UnwritableOutput, AFullDiskLeavesNothingBehind) {
    // Files may not grow beyond 64 blocks of 512 bytes; the signal that comes with it is switched off.
    const ProcessResult result =
        run_process({"/bin/sh", "-c",
                     "trap '' XFSZ; ulimit -f 64; exec '" + detect_command() + "' export --image '" + board().string() +
                         "' -o model.onnx --min-size 32 --max-size 32"},
                    {.timeout = std::chrono::minutes(5), .working_directory = folder_.path()});
    EXPECT_TRUE(refused(result, 1));
    EXPECT_THAT(error_line(result), StartsWith("model.onnx: cannot be written"));
    EXPECT_THAT(files_in(folder_.path()), testing::ElementsAre("file", "folder.onnx", "folder.png"));
}

} // namespace
} // namespace detect::test
