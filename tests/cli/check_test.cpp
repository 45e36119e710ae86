// SPDX-License-Identifier: Apache-2.0
// `detect check` as a user meets it: what it prints, as text and as JSON, and how it ends.

#include "graph/builder.h"
#include "onnx/writer.h"
#include "tests/cli/command.h"
#include "tests/cli/files.h"
#include "tests/support/require.h"

#include <chrono>
#include <limits>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Check : public testing::Test {
protected:
    Check() { write_tiny_model(folder_ / "tiny.onnx"); }

    ProcessResult check(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "check");
        return run_detect(arguments, folder_.path());
    }

    /// A classifier with `weight` among its weights.
    void write_classifier(const std::string& name, float weight) {
        const ParameterMap no_parameters;
        GraphBuilder b(no_parameters);
        const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
        const ValueId mean =
            b.node("ReduceMean", {input}, {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}});
        const ValueId weights = b.constant("weights", Tensor::of<float>({3, 2}, {1, 0, weight, 1, 1, 1}));
        b.output("scores", b.node("MatMul", {mean, weights}), Shape{"batch", 2});
        write_text(folder_ / name, require(write_onnx(require(b.finish()))));
    }
    void write_bad_classifier() { write_classifier("bad.onnx", std::numeric_limits<float>::quiet_NaN()); }

    TempDir folder_;
};

TEST_F(Check, IsSilentOnOurOwnExport) {
    const ProcessResult result = check({small_model().string(), "--image", board().string()});
    ASSERT_TRUE(succeeded(result));
    EXPECT_EQ(result.errors, "");
    EXPECT_THAT(result.output, AllOf(HasSubstr("small.onnx: "), HasSubstr("opset 17"), HasSubstr("no problems found"),
                                     Not(HasSubstr("error  ")), Not(HasSubstr("warning  ")), Not(HasSubstr("cost  "))));
    EXPECT_THAT(result.output, testing::ContainsRegex("\nwants values 0 to 1.*: the picture fed so gives [1-9]"));
    EXPECT_THAT(files_in(folder_.path()), ElementsAre("tiny.onnx"));
}

TEST_F(Check, JsonHasTheAgreementWithTheCheckpoint) {
    const ProcessResult result = check(
        {small_model().string(), "--image", board().string(), "--weights", bundled_weights().string(), "--json", "-"});
    const auto json = parse_output(result);
    EXPECT_EQ(json["problems"], false);
    EXPECT_THAT(json["feeding"].get<std::string>(), StartsWith("values 0 to 1"));
    EXPECT_EQ(json["checks"].size(), 13U);
    ASSERT_EQ(json["agreement"].size(), 4U);
    for (const auto& row : json["agreement"]) {
        EXPECT_EQ(row["unmatched"], 0) << row;
        EXPECT_GE(row["worst_iou"], 0.9) << row;
        EXPECT_LE(row["worst_score_difference"], 0.02) << row;
        EXPECT_EQ(row["detections"], row["expected"]) << row;
        EXPECT_FALSE(row.contains("failure")) << row;
    }
    EXPECT_GT(json["agreement"][0]["matched"], 0);
    EXPECT_EQ(json["agreement"][0]["picture"], "the picture 640x640");
    EXPECT_THAT(json["export"].get<std::string>(), StartsWith("detect export --weights "));
}

TEST_F(Check, SaysWhereWhatAndWhatToDo) {
    write_bad_classifier();
    const ProcessResult result = check({"bad.onnx"});
    EXPECT_EQ(result.exit_code, 6) << describe(result);
    EXPECT_EQ(result.errors, "");
    EXPECT_THAT(result.output,
                AllOf(StartsWith("bad.onnx: "), HasSubstr("error  numbers\n"), HasSubstr("\n  where  node '"),
                      HasSubstr("\n  what   1 of 6 weights are NaN"), HasSubstr("\n  do     "),
                      HasSubstr("\n  for    onnxruntime, tensorrt, openvino, opencv\n"),
                      HasSubstr("\n1 error (for onnxruntime)\n")));
    std::istringstream lines(result.output);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST_F(Check, WritesJsonToAFileOrToStandardOutput) {
    write_bad_classifier();
    const ProcessResult to_file = check({"bad.onnx", "--json", "report.json"});
    EXPECT_EQ(to_file.exit_code, 6);
    EXPECT_THAT(to_file.output, HasSubstr("1 error"));
    const ProcessResult result = check({"bad.onnx", "--json", "-"});
    EXPECT_EQ(result.exit_code, 6);
    EXPECT_EQ(read_text(folder_ / "report.json"), result.output);
    const auto json = parse_output(result);
    EXPECT_EQ(json["problems"], true);
    EXPECT_EQ(json["target"], "onnxruntime");
    ASSERT_EQ(json["findings"].size(), 1U);
    EXPECT_EQ(json["findings"][0]["check"], "numbers");
    EXPECT_EQ(json["findings"][0]["severity"], "error");
    EXPECT_EQ(json["file"], "bad.onnx");
    EXPECT_EQ(json["bytes"], std::filesystem::file_size(folder_ / "bad.onnx"));
    EXPECT_EQ(json["nodes"], 2);
    EXPECT_EQ(json["opset"], 17);
    EXPECT_EQ(json["input"], "input: float32 [batch, 3, height, width]");
    EXPECT_EQ(json["feeding"], "");
    EXPECT_EQ(json["checks"].size(), 12U);
    EXPECT_EQ(json["left_out"].size(), 1U);
    for (const char* key : {"where", "what", "advice"}) EXPECT_NE(json["findings"][0][key], "") << key;
    EXPECT_EQ(json["findings"][0]["runtimes"].size(), 4U);

    const auto clean = parse_output(check({"tiny.onnx", "--json", "-"}));
    EXPECT_EQ(clean["problems"], false);
    EXPECT_EQ(clean["findings"].size(), 0U);
}

TEST_F(Check, JudgesForTheTargetThatIsNamed) {
    const std::string model = small_model().string();
    EXPECT_EQ(check({"tiny.onnx"}).exit_code, 0);
    const ProcessResult opencv = check({model, "--target", "opencv"});
    EXPECT_EQ(opencv.exit_code, 6) << describe(opencv);
    EXPECT_THAT(opencv.output,
                AllOf(HasSubstr("error  compatibility"), HasSubstr("RoiAlign"), HasSubstr("(for opencv)")));
}

TEST_F(Check, ComparesWithTheCheckpointAndSaysHowToExportIt) {
    const ProcessResult result =
        check({small_model().string(), "--image", board().string(), "--weights", bundled_weights().string()});
    ASSERT_TRUE(succeeded(result)); // the sizes it was exported with are in the file
    EXPECT_THAT(result.output,
                AllOf(HasSubstr("against our own export of the checkpoint"), HasSubstr("its mirror image"),
                      HasSubstr("a sound file: detect export --weights " + bundled_weights().string()),
                      HasSubstr(" --min-size 320 --max-size 320 "), HasSubstr("small_sound.onnx\n")));
}

/// What it says is pasted into a shell as it stands, blanks in names and all.
TEST_F(Check, TheCommandThatItPrintsMakesASoundFile) {
    std::filesystem::create_directory(folder_ / "my files");
    std::filesystem::copy_file(small_model(), folder_ / "my files/it's.onnx");
    std::filesystem::copy_file(bundled_weights(), folder_ / "my files/best one.safetensors");
    const ProcessResult wrong = check({"my files/it's.onnx", "--image", board().string(), "--weights",
                                       "my files/best one.safetensors", "--score-threshold", "0.3"});
    EXPECT_EQ(wrong.exit_code, 6) << describe(wrong); // the file has 0.05
    const std::string lead = "\na sound file: detect ";
    const std::size_t at = wrong.output.find(lead);
    ASSERT_NE(at, std::string::npos) << wrong.output;
    const std::string arguments = wrong.output.substr(at + lead.size());
    const ProcessResult made = run_process({"/bin/sh", "-c", "'" + detect_command() + "' " + arguments},
                                           {.timeout = std::chrono::minutes(5), .working_directory = folder_.path()});
    ASSERT_TRUE(succeeded(made)) << arguments;
    EXPECT_THAT(files_in(folder_ / "my files"), testing::Contains("it's_sound.onnx"));
    const ProcessResult sound =
        check({"my files/it's_sound.onnx", "--image", board().string(), "--weights", "my files/best one.safetensors"});
    EXPECT_TRUE(succeeded(sound));
    EXPECT_THAT(sound.output, AllOf(HasSubstr("no problems found"), HasSubstr(" --score-threshold 0.3 ")));
}

TEST_F(Check, TellsAModelFromTheSameWithOtherSettings) {
    const ProcessResult result = check({small_model().string(), "--image", board().string(), "--weights",
                                        bundled_weights().string(), "--min-size", "1024", "--max-size", "1024"});
    EXPECT_EQ(result.exit_code, 6) << describe(result);
    EXPECT_THAT(result.output, AllOf(HasSubstr("error  checkpoint"), HasSubstr(" --min-size 1024 --max-size 1024 ")));
}

TEST_F(Check, RefusesWhatMakesNoSense) {
    EXPECT_TRUE(refused(check({}), 2));
    EXPECT_TRUE(refused(check({"tiny.onnx", "--target", "toaster"}), 2));
    const ProcessResult no_weights = check({"tiny.onnx", "--min-size", "320"});
    EXPECT_TRUE(refused(no_weights, 2));
    EXPECT_THAT(error_line(no_weights), HasSubstr("--min-size is for the checkpoint; give that with --weights"));
    EXPECT_TRUE(refused(check({"tiny.onnx", "--json", "tiny.onnx"}), 2));
    EXPECT_TRUE(refused(check({"tiny.onnx", "--json", "no/such/folder/report.json"}), 1));
}

TEST_F(Check, RefusesWhatIsNoModelAtOnce) {
    write_text(folder_ / "text.onnx", "not what it should be\n");
    write_text(folder_ / "empty.onnx", "");
    write_cut(small_model(), 1'000'000, folder_ / "cut.onnx");
    for (const char* file : {"text.onnx", "empty.onnx", "cut.onnx", "missing.onnx"}) {
        const auto start = std::chrono::steady_clock::now();
        const ProcessResult result = check({file});
        EXPECT_TRUE(refused(result, 3)) << file;
        EXPECT_THAT(error_line(result), StartsWith(std::string(file) + ": "));
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << file; // on a busy machine
    }
    const ProcessResult checkpoint = check({bundled_weights().string()});
    EXPECT_TRUE(refused(checkpoint, 3));
    EXPECT_THAT(error_line(checkpoint), HasSubstr("is a checkpoint, not an ONNX file"));
    EXPECT_TRUE(refused(check({"tiny.onnx", "--image", "text.onnx"}), 3));
    EXPECT_TRUE(refused(check({"tiny.onnx", "--image", board().string(), "--weights", "text.onnx"}), 3));
}

/// Any bit of the file's description may be wrong: the command ends in one of its own ways, or finds a problem.
TEST_F(Check, SurvivesDamage) {
    const std::string whole = read_text(folder_ / "tiny.onnx");
    std::size_t refusals = 0;
    for (std::size_t i = 0; i < 60; ++i) {
        std::string damaged = whole;
        const std::size_t at = (i * 7919 + 13) % whole.size();
        damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1U << i % 8));
        write_text(folder_ / "damaged.onnx", damaged);
        const ProcessResult result = check({"damaged.onnx"});
        if (result.exit_code == 6) continue;
        EXPECT_TRUE(ended_properly(result)) << "byte " << at;
        refusals += result.exit_code != 0 ? 1 : 0;
    }
    EXPECT_GT(refusals, 5U);
}

} // namespace
} // namespace detect::test
