// SPDX-License-Identifier: Apache-2.0
// `detect run` on pictures that can be read.

#include "pictures/picture.h"
#include "tests/cli/command.h"
#include "tests/cli/files.h"

namespace detect::test {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Run : public testing::Test {
protected:
    Run() { write_tiny_model(elsewhere_ / "tiny.onnx"); }

    /// With the model that finds two objects everywhere.
    ProcessResult run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "run");
        arguments.insert(arguments.end(), {"--model", (elsewhere_ / "tiny.onnx").string()});
        return run_detect(arguments, folder_.path());
    }
    std::vector<std::string> files() const { return files_in(folder_.path()); }

    TempDir folder_;
    TempDir elsewhere_;
};

TEST_F(Run, PrintsATableAndDrawsBesideTheUser) {
    const ProcessResult result = run({board().string()});
    ASSERT_TRUE(succeeded(result));
    EXPECT_EQ(result.output, "label   score        x1        y1        x2        y2\n"
                             "first   0.900       1.0       2.0       3.0       4.0\n"
                             "second  0.600       0.0       0.0       8.0       8.0\n");
    EXPECT_EQ(result.errors, "wrote board_detections.png\n");
    EXPECT_THAT(files(), ElementsAre("board_detections.png"));
    const auto drawn = read_picture(folder_ / "board_detections.png");
    const auto original = read_picture(board());
    ASSERT_TRUE(drawn.ok() && original.ok());
    EXPECT_EQ(drawn->width, original->width);
    EXPECT_EQ(drawn->height, original->height);
    EXPECT_EQ(drawn->format, PixelFormat::rgb8);
    EXPECT_NE(drawn->pixels, to_rgb8(original->view())->pixels);
}

TEST_F(Run, JsonOnStandardOutputStandsAlone) {
    const ProcessResult result = run({board().string(), "--json", "-"});
    ASSERT_TRUE(succeeded(result));
    const nlohmann::json expected =
        nlohmann::json::parse(R"({"images": [{"file": ")" + board().string() + R"(", "width": 640, "height": 640,
        "detections": [{"label": "first", "label_id": 1, "score": 0.9, "box": [1, 2, 3, 4]},
                       {"label": "second", "label_id": 2, "score": 0.6, "box": [0, 0, 8, 8]}]}]})");
    nlohmann::json actual = parse_output(result);
    EXPECT_NEAR(actual["images"][0]["detections"][0]["score"].get<double>(), 0.9, 1e-7);
    EXPECT_NEAR(actual["images"][0]["detections"][1]["score"].get<double>(), 0.6, 1e-7);
    actual["images"][0]["detections"][0]["score"] = 0.9;
    actual["images"][0]["detections"][1]["score"] = 0.6;
    // What else a record says is tested in run/records_test.py.
    for (const char* key : {"drawn", "min_score", "model", "schema_version"})
        EXPECT_EQ(actual["images"][0].erase(key), 1U);
    EXPECT_EQ(actual.erase("schema_version"), 1U);
    EXPECT_EQ(actual, expected);
    EXPECT_THAT(files(), ElementsAre("board_detections.png"));
}

TEST_F(Run, JsonInAFileComesWithTheTable) {
    const ProcessResult result = run({board().string(), "--json", "found.json", "--no-draw"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.output, HasSubstr("second"));
    EXPECT_THAT(files(), ElementsAre("found.json"));
    const auto json = nlohmann::json::parse(read_text(folder_ / "found.json"));
    EXPECT_EQ(json["images"][0]["detections"].size(), 2U);
}

TEST_F(Run, ScoreLeavesOutWhatIsFainter) {
    const auto found = [&](const char* score) {
        const ProcessResult result = run({board().string(), "--no-draw", "--json", "-", "--score", score});
        EXPECT_TRUE(succeeded(result));
        return parse_output(result)["images"][0]["detections"].size();
    };
    EXPECT_EQ(found("0.59"), 2U);
    EXPECT_EQ(found("0.61"), 1U);
    EXPECT_EQ(found("0.95"), 0U);
}

TEST_F(Run, FindingNothingIsNoFailure) {
    const ProcessResult result = run({board().string(), "--score", "1"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_EQ(result.output, "no detections\n");
    EXPECT_THAT(files(), ElementsAre("board_detections.png"));
    const ProcessResult json = run({board().string(), "--score", "1", "--json", "-"});
    ASSERT_TRUE(succeeded(json));
    EXPECT_EQ(parse_output(json)["images"][0]["detections"], nlohmann::json::array());
}

TEST_F(Run, OneDrawnPictureGoesWhereTheUserSays) {
    ASSERT_TRUE(succeeded(run({board().string(), "-o", "drawn.jpg"})));
    EXPECT_THAT(files(), ElementsAre("drawn.jpg"));
    EXPECT_THAT(read_text(folder_ / "drawn.jpg"), testing::StartsWith("\xFF\xD8\xFF"));
}

TEST_F(Run, SeveralDrawnPicturesGoIntoAFolderThatIsMade) {
    write_flat_picture(elsewhere_ / "grey.jpg", 40, 30, {90, 90, 90});
    const ProcessResult result = run({board().string(), (elsewhere_ / "grey.jpg").string(), "-o", "new/drawn", "--json",
                                      "found.json", "--labels-on", "none"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(files(), ElementsAre("found.json", "new"));
    EXPECT_THAT(files_in(folder_ / "new/drawn"), ElementsAre("board.png", "grey.png"));
    EXPECT_EQ(read_picture(folder_ / "new/drawn/grey.png")->width, 40);
    // The table of each picture stands under its name.
    EXPECT_THAT(result.output, ContainsRegex("board.png\nlabel(.*\n)+.*grey.jpg\nlabel"));
    const auto json = nlohmann::json::parse(read_text(folder_ / "found.json"));
    EXPECT_EQ(json["images"][0]["file"], board().string());
    EXPECT_EQ(json["images"][1]["file"], (elsewhere_ / "grey.jpg").string());
    EXPECT_EQ(json["images"][1]["height"], 30);
}

TEST_F(Run, PicturesOfTheSameNameAreKeptApart) {
    std::filesystem::create_directories(elsewhere_ / "1");
    std::filesystem::create_directories(elsewhere_ / "2");
    write_flat_picture(elsewhere_ / "1/a.png", 20, 20, {1, 2, 3});
    write_flat_picture(elsewhere_ / "2/a.png", 30, 20, {1, 2, 3});
    write_flat_picture(elsewhere_ / "2/a.jpg", 40, 20, {1, 2, 3});
    const std::vector<std::string> pictures{(elsewhere_ / "1/a.png").string(), (elsewhere_ / "2/a.png").string(),
                                            (elsewhere_ / "2/a.jpg").string()};
    std::vector<std::string> arguments = pictures;
    ASSERT_TRUE(succeeded(run(arguments)));
    EXPECT_THAT(files_in(folder_ / "detections/run1"), ElementsAre("a.png", "a_2.png", "a_3.png"));
    // Without a legend a picture keeps the width that it is told by.
    arguments.insert(arguments.end(), {"-o", "drawn", "--labels-on", "none"});
    ASSERT_TRUE(succeeded(run(arguments)));
    EXPECT_THAT(files_in(folder_ / "drawn"), ElementsAre("a.png", "a_2.png", "a_3.png"));
    EXPECT_EQ(read_picture(folder_ / "drawn/a.png")->width, 20);
    EXPECT_EQ(read_picture(folder_ / "drawn/a_2.png")->width, 30);
    EXPECT_EQ(read_picture(folder_ / "drawn/a_3.png")->width, 40);
}

TEST_F(Run, OneUnreadablePictureOfSeveralDoesNotStopTheOthers) {
    const ProcessResult result =
        run({"missing.png", board().string(), "also_missing.png", "-o", "drawn", "--json", "-"});
    EXPECT_EQ(result.exit_code, 5) << describe(result);
    EXPECT_EQ(result.errors, "detect: missing.png: no such file\n"
                             "wrote drawn/board.png\n"
                             "detect: also_missing.png: no such file\n");
    const auto images = parse_output(result)["images"];
    ASSERT_EQ(images.size(), 3U);
    EXPECT_EQ(images[1]["file"], board().string());
    EXPECT_FALSE(images[1].contains("error"));
    EXPECT_EQ(images[2]["error"]["message"], "also_missing.png: no such file");
    EXPECT_THAT(files_in(folder_ / "drawn"), ElementsAre("board.png"));
}

TEST_F(Run, NoReadablePictureOfSeveralIsUnreadableInput) {
    const ProcessResult result = run({"missing.png", "also_missing.png", "-o", "drawn", "--json", "found.json"});
    EXPECT_EQ(result.exit_code, 3) << describe(result);
    EXPECT_EQ(result.errors, "detect: missing.png: no such file\ndetect: also_missing.png: no such file\n");
    EXPECT_EQ(result.output, "");
    EXPECT_THAT(files(), ElementsAre("found.json"));
}

TEST_F(Run, PicturesMayHaveAwkwardNames) {
    for (const char* name : {"zwei Wörter.png", "run", "-odd.png", "100%d.png"}) {
        std::filesystem::copy_file(board(), folder_ / name);
        const ProcessResult result = run({"--no-draw", "--json", "-", "./" + std::string(name)});
        EXPECT_TRUE(succeeded(result));
        EXPECT_EQ(parse_output(result)["images"][0]["file"], "./" + std::string(name));
    }
}

/// All detections of the board with a model, as text.
std::string detections(const std::vector<std::string>& model, const TempDir& folder) {
    std::vector<std::string> arguments{"run", board().string(), "--json", "-", "--no-draw", "--score", "0"};
    arguments.insert(arguments.end(), model.begin(), model.end());
    const ProcessResult result = run_detect(arguments, folder.path());
    EXPECT_TRUE(succeeded(result));
    return nlohmann::json::parse(result.output)["images"][0]["detections"].dump();
}

TEST(RunModel, ACheckpointGivesWhatItsExportedFileGives) {
    const TempDir folder;
    const std::string of_file = detections({"--model", small_model().string()}, folder);
    EXPECT_GT(nlohmann::json::parse(of_file).size(), 5U);
    std::vector<std::string> checkpoint{"--model", bundled_weights().string()};
    for (const std::string& option : small_model_options()) checkpoint.push_back(option);
    EXPECT_EQ(detections(checkpoint, folder), of_file);
    EXPECT_EQ(detections({"--model", small_model().string(), "--threads", "1"}, folder), of_file);
}

TEST(RunModel, MoreThreadsThanCoresAreNothingToTalkAbout) {
    const TempDir folder;
    const ProcessResult result = run_detect(
        {"run", board().string(), "--no-draw", "--threads", "64", "--model", small_model().string()}, folder.path());
    EXPECT_TRUE(succeeded(result));
    EXPECT_EQ(result.errors, "");
}

TEST(RunModel, WithoutOneTakesTheFileInTheFolderElseTheBundledOneAndSaysSo) {
    const TempDir folder;
    std::vector<std::string> arguments{"run", board().string(), "--no-draw", "--json", "-", "--min-size",
                                       "64",  "--max-size",     "64"};
    const ProcessResult bundled = run_detect(arguments, folder.path());
    ASSERT_TRUE(succeeded(bundled));
    EXPECT_THAT(
        bundled.errors,
        ContainsRegex(
            "detect: note: using the bundled circuit-board model [(].*circuit_board\\.safetensors[)]; give another "
            "one with --model\n"));

    write_tiny_model(folder / "model.onnx");
    const ProcessResult local = run_detect({"run", board().string(), "--no-draw"}, folder.path());
    ASSERT_TRUE(succeeded(local));
    EXPECT_EQ(local.errors, "detect: note: using model.onnx\n");
    EXPECT_THAT(local.output, HasSubstr("second"));
}

TEST(RunModel, TakesTheClassNamesOfAFile) {
    const TempDir folder;
    // As an editor on Windows writes it: a byte order mark, carriage returns, an empty line at the end.
    write_text(folder / "names.txt", "\xEF\xBB\xBFone\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\n\r\n");
    const std::string found = detections({"--model", bundled_weights().string(), "--labels", "names.txt"}, folder);
    EXPECT_THAT(found, HasSubstr(R"("label":"one","label_id":1)"));
    EXPECT_THAT(found, HasSubstr(R"("label":"six","label_id":6)"));
    EXPECT_THAT(found, Not(HasSubstr("mousebite")));
}

TEST(RunModel, SettingsOfACheckpointTakeEffect) {
    const TempDir folder;
    const auto found = [&](std::vector<std::string> settings) {
        settings.insert(settings.begin(), {"--model", bundled_weights().string()});
        for (const std::string& option : small_model_options()) settings.push_back(option);
        return nlohmann::json::parse(detections(settings, folder));
    };
    const auto all = found({});
    ASSERT_GT(all.size(), 5U);
    EXPECT_EQ(found({"--max-detections", "3"}), nlohmann::json(std::vector(all.begin(), all.begin() + 3)));
    for (const auto& detection : found({"--score-threshold", "0.3"})) EXPECT_GT(detection["score"], 0.3);
    EXPECT_LT(found({"--score-threshold", "0.3"}).size(), all.size());
    EXPECT_GT(found({"--nms-threshold", "0.9"}).size(), all.size());
    EXPECT_LT(found({"--rpn-top-n", "5"}).size(), all.size());
}

} // namespace
} // namespace detect::test
