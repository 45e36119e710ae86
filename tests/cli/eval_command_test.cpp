// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/eval_case.h"
#include "tests/support/shared_data.h"

#include <fstream>

namespace detect::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST_F(Eval, RunsAModelAndPrintsItsFigures) {
    const ProcessResult result = eval_tiny({});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.output, HasSubstr("gt.json: 2 pictures, 3 objects\n"));
    EXPECT_THAT(result.output, ContainsRegex("first +1 +0.500 +1.000 +0.667 "));
    EXPECT_THAT(result.output, ContainsRegex("second +2 +1.000 +1.000 +1.000 +1.000 "));
    EXPECT_THAT(result.output, HasSubstr("DeepPCB protocol (IoU 0.33): mAP 1.000"));
    EXPECT_THAT(result.output, ContainsRegex("background +\\. +1 +\\.\n"));
    EXPECT_THAT(result.output,
                ContainsRegex("Latency per picture: p50 [0-9.]+, p90 [0-9.]+, p99 [0-9.]+, mean [0-9.]+ ms"));
    EXPECT_EQ(result.errors, "");
}

TEST_F(Eval, HelpNamesItsOptions) {
    const ProcessResult help = run_detect({"eval", "--help"}, folder_.path());
    ASSERT_TRUE(succeeded(help));
    for (const char* option : {"--images", "--annotations", "--model", "--detections", "--compare", "--score", "--iou",
                               "--report", "--json", "--save-detections"})
        EXPECT_THAT(help.output, HasSubstr(option));
}

TEST_F(Eval, ShowsItsProgressOnATerminal) {
    // script (bsdutils) gives the program a terminal, on which both its outputs arrive.
    const ProcessResult result = run_process(
        {"script", "--quiet", "--return", "--command",
         "TERM=xterm '" + detect_command() + "' eval --annotations gt.json --images pictures --model tiny.onnx",
         "/dev/null"},
        {.working_directory = folder_.path()});
    EXPECT_EQ(result.exit_code, 0) << describe(result);
    EXPECT_THAT(result.output, HasSubstr(" 1 of 2 pictures, "));
    EXPECT_THAT(result.output, HasSubstr("\r\x1b[K")) << "and removes it";
}

TEST_F(Eval, MatchesCategoriesByNameNotById) {
    const ProcessResult result = eval_tiny({"--json", "-"});
    ASSERT_TRUE(succeeded(result));
    const json figures = parse_output(result);
    EXPECT_DOUBLE_EQ(figures["per_class_AP"]["10"], 1.0);
    EXPECT_DOUBLE_EQ(figures["per_class_AP"]["20"], 1.0);
    EXPECT_EQ(figures["metrics"]["AP"], 1.0);
    EXPECT_EQ(figures["metrics"]["APl"], -1.0) << "there is no large object";
    EXPECT_EQ(figures["picture_count"], 2);
    EXPECT_DOUBLE_EQ(figures["at_score"]["precision"], 0.75);
    EXPECT_DOUBLE_EQ(figures["at_score"]["recall"], 1.0);
    EXPECT_GT(figures["latency_ms"]["p50"], 0.0);
    EXPECT_EQ(figures["confusion_matrix"]["counts"], json::parse("[[2,0,0],[0,1,0],[0,1,0]]"));
}

TEST_F(Eval, HasTheNamesThatTheGoldenFilesHave) {
    const auto shared = shared_folder();
    if (!shared) GTEST_SKIP() << "no DETECT_SHARED_DIR with golden/coco_eval";
    const auto golden = *shared / "golden/coco_eval/crowd";
    const ProcessResult result = run_detect({"eval", "--detections", (golden / "dt.json").string(), "--annotations",
                                             (golden / "gt.json").string(), "--json", "figures.json"},
                                            folder_.path());
    ASSERT_TRUE(succeeded(result));
    const json figures = json::parse(read_text(folder_ / "figures.json"));
    const json expected = json::parse(read_text(golden / "expected.json"));
    for (const char* group : {"metrics", "per_class_AP"}) {
        ASSERT_EQ(figures[group].size(), expected[group].size());
        for (const auto& [name, value] : expected[group].items())
            EXPECT_NEAR(figures[group].at(name).get<double>(), value.get<double>(), 1e-9) << name;
    }
}

TEST_F(Eval, JsonBeyondItsMemoryIsRefusedWithItsPlace) {
    json many = json::array();
    for (int i = 0; i < 4000; ++i)
        many.push_back({{"image_id", 1}, {"category_id", 10}, {"bbox", {0, 0, 8, 8}}, {"score", 0.5}});
    std::ofstream(folder_ / "dt.json") << many.dump();
    const ProcessResult result = eval({"--detections", "dt.json", "--json-memory", "1"});
    EXPECT_EQ(result.exit_code, 1) << describe(result);
    EXPECT_THAT(error_line(result), ContainsRegex("dt.json: line 1, column [0-9]+: up to here its values take 1 MB"));
    EXPECT_EQ(eval({"--detections", "dt.json", "--json-memory", "8"}).exit_code, 5) << "a picture has no detections";
}

/// With thousands of classes the matrix is a list of what is in it.
TEST_F(Eval, ManyCategoriesMakeAListOfCells) {
    truth_["categories"] = json::array();
    for (int id = 1; id <= 2000; ++id) truth_["categories"].push_back({{"id", id}, {"name", "n" + std::to_string(id)}});
    truth_["annotations"] = {{{"id", 1}, {"image_id", 1}, {"category_id", 7}, {"bbox", {0, 0, 8, 8}}}};
    write_truth();
    const json found = {{{"image_id", 1}, {"category_id", 9}, {"bbox", {0, 0, 8, 8}}, {"score", 0.9}}};
    std::ofstream(folder_ / "dt.json") << found.dump();
    ASSERT_TRUE(succeeded(eval({"--detections", "dt.json", "--json", "figures.json"})));
    const json matrix = json::parse(read_text(folder_ / "figures.json"))["confusion_matrix"];
    EXPECT_EQ(matrix["labels"].size(), 2001U);
    EXPECT_EQ(matrix["cells_are"], json::parse(R"(["truth", "reported", "count"])"));
    EXPECT_EQ(matrix["cells"], json::parse("[[6, 8, 1]]"));
    EXPECT_FALSE(matrix.contains("counts"));
}

TEST_F(Eval, SavedDetectionsGiveTheSameFigures) {
    ASSERT_TRUE(succeeded(eval_tiny({"--save-detections", "dt.json", "--json", "run.json"})));
    ASSERT_TRUE(succeeded(eval({"--detections", "dt.json", "--json", "read.json"})));
    const json run = json::parse(read_text(folder_ / "run.json"));
    const json read = json::parse(read_text(folder_ / "read.json"));
    for (const char* group : {"metrics", "per_class", "deeppcb", "at_score", "best_f1", "confusion_matrix"})
        EXPECT_EQ(run[group], read[group]) << group;
    EXPECT_FALSE(read.contains("latency_ms"));
}

TEST_F(Eval, TheScoreDecidesWhatCounts) {
    const json figures = parse_output(eval_tiny({"--json", "-", "--score", "0.7"}));
    EXPECT_EQ(figures["at_score"]["correct"], 1);
    EXPECT_EQ(figures["at_score"]["missed"], 2);
    EXPECT_EQ(figures["at_score"]["false_alarms"], 1);
    EXPECT_EQ(figures["metrics"]["AP"], 1.0) << "AP looks at all scores";
}

TEST_F(Eval, PicturesThatCannotBeReadAreListedAndLeftOut) {
    truth_["images"].push_back({{"id", 3}, {"file_name", "gone.png"}});
    truth_["annotations"].push_back({{"id", 4}, {"image_id", 3}, {"category_id", 10}, {"bbox", {0, 0, 8, 8}}});
    write_truth();
    const ProcessResult result = eval_tiny({"--json", "figures.json", "--report", "report.html"});
    EXPECT_EQ(result.exit_code, 5) << describe(result);
    EXPECT_THAT(result.errors, HasSubstr("gone.png"));
    EXPECT_THAT(error_line(result), HasSubstr("1 picture could not be judged"));
    const json figures = json::parse(read_text(folder_ / "figures.json"));
    EXPECT_EQ(figures["picture_count"], 2);
    EXPECT_EQ(figures["left_out"][0]["file"], "gone.png");
    EXPECT_EQ(figures["at_score"]["missed"], 0);
    EXPECT_THAT(read_text(folder_ / "report.html"), HasSubstr("gone.png"));
}

TEST_F(Eval, NoPictureAtAllIsUnreadableInput) {
    std::filesystem::remove_all(folder_ / "pictures");
    const ProcessResult none = eval_tiny({});
    EXPECT_TRUE(refused(none, 3));
    EXPECT_THAT(error_line(none), HasSubstr("pictures: is not a folder"));
    std::filesystem::create_directory(folder_ / "pictures");
    const ProcessResult empty = eval_tiny({});
    EXPECT_TRUE(refused(empty, 3));
    EXPECT_THAT(error_line(empty), HasSubstr("is --images the right folder?"));
}

TEST_F(Eval, NamesThatDoNotFitAreToldApart) {
    truth_["categories"][0]["name"] = "third";
    write_truth();
    const ProcessResult partly = eval_tiny({});
    ASSERT_TRUE(succeeded(partly));
    EXPECT_THAT(partly.errors, HasSubstr("warning: tiny.onnx: the model has no label for third"));
    EXPECT_THAT(partly.errors, HasSubstr("the annotations have no category first"));
    truth_["categories"][1]["name"] = "fourth";
    write_truth();
    const ProcessResult not_at_all = eval_tiny({});
    EXPECT_TRUE(refused(not_at_all, 2));
    EXPECT_THAT(error_line(not_at_all), HasSubstr("(first, second) and the annotations' categories (fourth, third)"));
}

TEST_F(Eval, PutsModelsSideBySide) {
    // The same under another name.
    write_text(folder_ / "copy.onnx", read_text(folder_ / "tiny.onnx"));
    const ProcessResult result =
        eval({"--images", "pictures", "--compare", "tiny.onnx", "copy.onnx", "--report", "report.html"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.output, ContainsRegex("model +AP +from +to +AP50 +F1 +from +to\n"));
    EXPECT_THAT(result.output, ContainsRegex("model +MB +p50 ms +p90 ms +finds alone +alarms alone\n"));
    for (const char* model : {"1 tiny.onnx", "2 copy.onnx"}) {
        EXPECT_THAT(result.output, ContainsRegex(std::string(model) + " +1.000 +1.000 +1.000 +1.000 +0.857 "));
        EXPECT_THAT(result.output, ContainsRegex(std::string(model) + " .* 0 +0\n"));
    }
    const std::string report = read_text(folder_ / "report.html");
    EXPECT_THAT(report, HasSubstr("2 models compared"));
    const json figures =
        parse_output(eval({"--images", "pictures", "--compare", "tiny.onnx", "copy.onnx", "--json", "-"}));
    ASSERT_EQ(figures["models"].size(), 2U);
    EXPECT_EQ(figures["models"][1]["model"], "copy.onnx");
    EXPECT_EQ(figures["models"][1]["file_bytes"], std::filesystem::file_size(folder_ / "copy.onnx"));
    EXPECT_EQ(figures["models"][1]["metrics"]["AP50"], 1.0);
    EXPECT_EQ(figures["models"][1]["only_this_model"]["finds"], 0);
}

TEST_F(Eval, AModelToCompareThatIsMissingIsNamed) {
    const ProcessResult result = eval({"--images", "pictures", "--compare", "tiny.onnx", "gone.onnx"});
    EXPECT_TRUE(refused(result, 3));
    EXPECT_EQ(error_line(result), "gone.onnx: does not exist");
}

TEST_F(Eval, AModelThatHidesFaintDetectionsIsWarnedOf) {
    truth_["categories"][0]["name"] = "open";
    truth_["categories"][1]["name"] = "short";
    write_truth();
    const auto warnings = [&](const char* threshold) {
        return eval({"--images", "pictures", "--model", bundled_weights().string(), "--min-size", "64", "--max-size",
                     "64", "--score-threshold", threshold})
            .errors;
    };
    EXPECT_THAT(warnings("0.3"), HasSubstr("reports nothing below a score of 0.3, which lowers AP; export it with"));
    EXPECT_THAT(warnings("0.05"), Not(HasSubstr("lowers AP")));
}

TEST_F(Eval, TheReportIsOneFileThatAsksForNothing) {
    ASSERT_TRUE(succeeded(eval_tiny({"--report", "report.html", "--score", "0.7"})));
    const std::string report = read_text(folder_ / "report.html");
    EXPECT_THAT(report, HasSubstr("<!doctype html>"));
    EXPECT_THAT(report, HasSubstr("data:image/jpeg;base64,/9j/"));
    EXPECT_THAT(report, Not(ContainsRegex("(src|href)=\"(http|/|\\.)")));
    EXPECT_THAT(report, Not(HasSubstr("@import")));
}

TEST_F(Eval, NothingThatIsReadIsOverwritten) {
    const std::string before = read_text(folder_ / "gt.json");
    for (const char* option : {"--report", "--json", "--save-detections", "--save-scores"}) {
        const ProcessResult result = eval_tiny({option, "gt.json"});
        EXPECT_TRUE(refused(result, 2)) << option;
        EXPECT_THAT(error_line(result), HasSubstr("would be overwritten"));
    }
    EXPECT_EQ(read_text(folder_ / "gt.json"), before);
    EXPECT_TRUE(refused(eval_tiny({"--json", "pictures/../pictures/a.png"}), 2)) << "a picture";
    EXPECT_TRUE(refused(eval_tiny({"--json", "tiny.onnx"}), 2)) << "the model";
    EXPECT_TRUE(refused(eval_tiny({"--report", "no/such/folder/report.html"}), 1));
}

TEST_F(Eval, TwoFilesOfOneNameAreRefused) {
    const ProcessResult files = eval_tiny({"--report", "out.txt", "--json", "pictures/../out.txt"});
    EXPECT_TRUE(refused(files, 2));
    EXPECT_EQ(error_line(files), "--report and --json: both would write out.txt; give each its own file");
    const ProcessResult outputs = eval_tiny({"--json", "-", "--save-detections", "-"});
    EXPECT_TRUE(refused(outputs, 2));
    EXPECT_THAT(error_line(outputs), HasSubstr("--json and --save-detections: both would write to standard output"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.txt"));
}

TEST_F(Eval, WithoutAnnotationsOnlyFalseAlarmsAreCounted) {
    truth_["annotations"] = json::array();
    write_truth();
    const ProcessResult result = eval_tiny({"--json", "figures.json"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.errors, HasSubstr("warning: gt.json: has no annotations"));
    const json figures = json::parse(read_text(folder_ / "figures.json"));
    EXPECT_EQ(figures["metrics"]["AP"], -1.0);
    EXPECT_EQ(figures["at_score"]["false_alarms"], 4);
}

TEST_F(Eval, SavesTheBestScoreOfEachClass) {
    const ProcessResult result = eval_tiny({"--save-scores", "scores.json"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.errors, Not(HasSubstr("score of its own")));
    const json saved = json::parse(read_text(folder_ / "scores.json"));
    EXPECT_EQ(saved["class_scores_version"], 1);
    EXPECT_EQ(saved["model"], "tiny.onnx");
    EXPECT_EQ(saved["annotations"], "gt.json");
    EXPECT_EQ(saved["scores"], json::parse(R"({"first": 0.9, "second": 0.6})"));
    EXPECT_EQ(saved["others"], 0.6);
    // The same of results, by the categories' names.
    ASSERT_TRUE(succeeded(eval_tiny({"--save-detections", "dt.json"})));
    const json of_results = parse_output(eval({"--detections", "dt.json", "--save-scores", "-"}));
    EXPECT_EQ(of_results["scores"], saved["scores"]);
}

TEST_F(Eval, ClassesWithoutABestScoreGetThatOfAll) {
    truth_["annotations"].erase(0);
    truth_["categories"][1]["name"] = "Second"; // the model's name is what counts
    write_truth();
    const ProcessResult result = eval_tiny({"--save-scores", "scores.json"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.errors, HasSubstr("note: no score of its own for first: nothing of it is found at any score"));
    const json saved = json::parse(read_text(folder_ / "scores.json"));
    EXPECT_EQ(saved["scores"], json::parse(R"({"first": 0.6, "second": 0.6})"));
    EXPECT_EQ(saved["without_own"], json::parse(R"(["first"])"));
    truth_["annotations"] = json::array();
    write_truth();
    const ProcessResult none = eval_tiny({"--save-scores", "none.json"});
    EXPECT_EQ(none.exit_code, 2) << describe(none);
    EXPECT_THAT(none.errors, HasSubstr("none.json: not written: no object is found at any score"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "none.json"));
}

TEST_F(Eval, OptionsThatExcludeOneAnotherAreUsageErrors) {
    const std::vector<std::vector<std::string>> wrong{
        {},
        {"--detections", "dt.json", "--model", "tiny.onnx"},
        {"--detections", "dt.json", "--compare", "tiny.onnx", "tiny.onnx"},
        {"--images", "pictures", "--compare", "tiny.onnx"},
        {"--images", "pictures", "--model", "tiny.onnx", "--compare", "tiny.onnx", "tiny.onnx"},
        {"--images", "pictures", "--compare", "tiny.onnx", "tiny.onnx", "--save-scores", "scores.json"},
        {"--images", "pictures", "--score", "1.5"},
        {"--images", "pictures", "--score", "nan"},
        {"--images", "pictures", "--iou", "nan"},
        {"--detections", "dt.json", "--save-detections", "again.json"}};
    for (const auto& arguments : wrong) EXPECT_TRUE(refused(eval(arguments), 2)) << testing::PrintToString(arguments);
    EXPECT_TRUE(refused(run_detect({"eval", "--images", "pictures"}, folder_.path()), 2)) << "no annotations";
}

TEST_F(Eval, MalformedFilesAreOneLineEach) {
    truth_["annotations"][1]["bbox"] = {1, 2, 3};
    write_truth();
    const ProcessResult truth = eval_tiny({});
    EXPECT_TRUE(refused(truth, 3));
    EXPECT_EQ(error_line(truth),
              "gt.json: annotations[1].bbox: has 3 numbers, expected [x, y, width, height] in pixels");
    truth_["annotations"][1]["bbox"] = {1, 2, 3, 4};
    write_truth();
    write_text(folder_ / "dt.json", R"([{"image_id": 1, "category_id": 10, "bbox": [1, 2, 3, 4], "score": NaN}])");
    const ProcessResult results = eval({"--detections", "dt.json"});
    EXPECT_TRUE(refused(results, 3));
    EXPECT_THAT(error_line(results), HasSubstr("dt.json: line 1, column "));
    EXPECT_TRUE(refused(eval_tiny({"--model", "gt.json"}), 2)) << "given twice";
    EXPECT_TRUE(refused(eval({"--images", "pictures", "--model", "gt.json"}), 3)) << "no model";
}

} // namespace
} // namespace detect::test
