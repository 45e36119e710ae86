// SPDX-License-Identifier: Apache-2.0
// `detect export --precision`.

#include "tests/cli/command.h"
#include "tests/cli/files.h"

#include <algorithm>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

nlohmann::json read_json(const std::filesystem::path& path) { return nlohmann::json::parse(read_text(path)); }

std::vector<std::string> export_arguments(const std::vector<std::string>& further) {
    std::vector<std::string> arguments{"export", "--image", board().string()};
    for (const std::string& option : small_model_options()) arguments.push_back(option);
    arguments.insert(arguments.end(), further.begin(), further.end());
    return arguments;
}

nlohmann::json detections(const std::string& model, const std::filesystem::path& folder) {
    const ProcessResult run =
        run_detect({"run", board().string(), "--no-draw", "--json", "-", "--score", "0.3", "--model", model}, folder);
    EXPECT_TRUE(succeeded(run));
    return parse_output(run)["images"][0]["detections"];
}

TEST(Precision, Fp16IsHalfTheFileAndFindsTheSame) {
    const TempDir folder;
    const ProcessResult exported = run_detect(export_arguments({"--precision", "fp16"}), folder.path());
    ASSERT_TRUE(succeeded(exported));
    EXPECT_THAT(files_in(folder.path()), ElementsAre("model.onnx", "model.report.json"));
    EXPECT_LT(std::filesystem::file_size(folder / "model.onnx"),
              0.51 * static_cast<double>(std::filesystem::file_size(small_model())));
    EXPECT_THAT(exported.output, ContainsRegex("example picture against fp32: [0-9]+ detections agree, 0 do not"));
    const auto report = read_json(folder / "model.report.json");
    EXPECT_EQ(report["precision"]["name"], "fp16");
    EXPECT_EQ(report["precision"]["example_against_fp32"]["unmatched"], 0);
    EXPECT_EQ(report["metadata"]["precision"], "fp16");
    EXPECT_EQ(report["passed"], true);
    const ProcessResult info = run_detect({"info", "model.onnx"}, folder.path());
    EXPECT_THAT(info.output, AllOf(HasSubstr(" parameters, fp16\n"), ContainsRegex("precision +fp16\n")));

    const auto half = detections("model.onnx", folder.path());
    const auto full = detections(small_model().string(), folder.path());
    ASSERT_EQ(half.size(), full.size());
    for (std::size_t i = 0; i < half.size(); ++i) {
        EXPECT_EQ(half[i]["label_id"], full[i]["label_id"]);
        EXPECT_NEAR(half[i]["score"].get<double>(), full[i]["score"].get<double>(), 0.01);
    }
}

TEST(Precision, Int8SaysWhatItMeasuredAndWarnsOfFewPictures) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "line");
    std::filesystem::copy_file(board(), folder / "line/board.png");
    std::filesystem::copy_file(board(), folder / "line/same.png");
    write_text(folder / "line/notes.txt", "no picture");
    const ProcessResult exported = run_detect(
        export_arguments({"--precision", "int8", "--calibrate", "line", "--calibration-images", "2"}), folder.path());
    ASSERT_TRUE(succeeded(exported));
    EXPECT_THAT(files_in(folder.path()), ElementsAre("line", "model.onnx", "model.report.json"));
    EXPECT_LE(std::filesystem::file_size(folder / "model.onnx"), 22'000'000U);
    EXPECT_THAT(exported.errors, HasSubstr("detect: warning: only 2 calibration pictures;"));
    EXPECT_THAT(exported.output, ContainsRegex("int8 +[0-9]+ of 73 layers, calibrated on 2 pictures"));
    EXPECT_THAT(exported.output, HasSubstr("most sensitive layers"));
    EXPECT_THAT(exported.output, ContainsRegex("example picture against fp32: [1-9][0-9]* detections agree"));

    const auto report = read_json(folder / "model.report.json");
    EXPECT_EQ(report["metadata"]["precision"], "int8");
    EXPECT_EQ(report["metadata"]["calibration"], "2 pictures of line, asymmetric uint8 activations");
    const auto& int8 = report["precision"]["int8"];
    EXPECT_EQ(int8["pictures"]["count"], 2);
    EXPECT_EQ(int8["layers"].size(), 73U);
    for (const auto& layer : int8["layers"]) {
        EXPECT_TRUE(layer["precision"] == "float" || layer["kind"] == "hidden") << layer;
        EXPECT_GE(layer["alone_in_int8"]["loss"], 0.0);
    }
    for (const auto& activation : int8["activations"]) {
        EXPECT_GT(activation["scale"], 0.0);
        EXPECT_EQ(activation["errors"].size(), 3U);
    }
    EXPECT_EQ(report["precision"]["warnings"].size(), 1U) << report["precision"]["warnings"];
    const ProcessResult info = run_detect({"info", "model.onnx"}, folder.path());
    EXPECT_THAT(info.output, HasSubstr(" parameters, int8\n"));
    EXPECT_GE(detections("model.onnx", folder.path()).size(), 1U);
}

TEST(Precision, PicturesThatShowNothingAreWarnedOfWithNumbers) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "dark");
    write_flat_picture(folder / "dark/1.png", 64, 64, {0, 0, 0});
    write_flat_picture(folder / "dark/2.png", 64, 64, {0, 0, 0});
    const ProcessResult exported =
        run_detect(export_arguments({"--precision", "int8", "--portable", "--calibrate", "dark/"}), folder.path());
    ASSERT_TRUE(succeeded(exported));
    EXPECT_THAT(exported.errors, HasSubstr("warning: 2 of 2 calibration pictures are flat"));
    EXPECT_THAT(exported.errors, ContainsRegex("warning: the calibration pictures are unlike those of the training: "
                                               "the first layer's outputs are [0-9.]+ standard deviations"));
    EXPECT_THAT(exported.errors, ContainsRegex("mean brightness of 0.00, the example picture 0.[0-9]+"));
    EXPECT_THAT(exported.errors, ContainsRegex("show 0.0 detections on average, the example picture [0-9]+"));
    const auto report = read_json(folder / "model.report.json");
    EXPECT_EQ(report["metadata"]["calibration"], "2 pictures of dark, symmetric int8 activations");
    EXPECT_GE(report["precision"]["warnings"].size(), 5U);
}

TEST(Precision, RefusesWhatDoesNotGoTogether) {
    const TempDir folder;
    const auto refusal = [&](const std::vector<std::string>& further) {
        const ProcessResult result = run_detect(export_arguments(further), folder.path());
        EXPECT_TRUE(refused(result, 2));
        return error_line(result);
    };
    EXPECT_THAT(refusal({"--precision", "int4"}), HasSubstr("--precision"));
    EXPECT_THAT(refusal({"--precision", "int8"}), HasSubstr("--precision int8 needs --calibrate DIR"));
    EXPECT_THAT(refusal({"--calibrate", "."}), HasSubstr("--calibrate is for --precision int8"));
    EXPECT_THAT(refusal({"--precision", "fp16", "--portable"}), HasSubstr("--portable is for --precision int8"));
    EXPECT_THAT(refusal({"--precision", "int8", "--calibrate", ".", "--calibration-images", "0"}),
                HasSubstr("--calibration-images"));
    const std::string pictures = board().parent_path().string();
    EXPECT_THAT(refusal({"--precision", "int8", "--calibrate", pictures, "--opset", "12"}),
                HasSubstr("opset 13 or later"));
    EXPECT_THAT(files_in(folder.path()), IsEmpty());
}

TEST(Precision, ACalibrationThatIsStoppedLeavesNothing) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "line");
    std::filesystem::copy_file(board(), folder / "line/board.png");
    std::vector<std::string> command{"timeout", "--preserve-status", "1", detect_command()};
    for (const std::string& argument : export_arguments({"--precision", "int8", "--calibrate", "line"}))
        command.push_back(argument);
    const ProcessResult stopped = run_process(command, {.working_directory = folder.path()});
    EXPECT_EQ(stopped.exit_code, 143) << describe(stopped);
    EXPECT_THAT(files_in(folder.path()), ElementsAre("line"));
}

TEST(Precision, NeedsPicturesThatCanBeRead) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "empty");
    std::filesystem::create_directory(folder / "broken");
    write_cut(board(), 1000, folder / "broken/cut.png");
    const auto refusal = [&](const std::string& calibration) {
        const ProcessResult result =
            run_detect(export_arguments({"--precision", "int8", "--calibrate", calibration}), folder.path());
        EXPECT_TRUE(refused(result, 3));
        return error_line(result);
    };
    EXPECT_THAT(refusal("missing"), HasSubstr("missing: is not a folder"));
    EXPECT_THAT(refusal("empty"), HasSubstr("empty: there are no pictures in this folder"));
    EXPECT_THAT(refusal("broken"), AllOf(HasSubstr("broken/cut.png"), HasSubstr("take it out of the folder")));
    EXPECT_THAT(files_in(folder.path()), ElementsAre("broken", "empty"));
}

} // namespace
} // namespace detect::test
