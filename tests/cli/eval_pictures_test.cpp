// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "tests/cli/eval_case.h"

#include <algorithm>
#include <sstream>

namespace detect::test {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Which pictures are wrong, and under which conditions that was measured.
class EvalPictures : public Eval {
protected:
    /// Pictures c.png, d.png and so on, with these annotations of category 10, "second", each.
    void add_pictures(std::size_t count, const json& boxes, int side = 20) {
        for (std::size_t i = 0; i < count; ++i) {
            const int id = static_cast<int>(truth_["images"].size()) + 1;
            const std::string name = std::string(1, static_cast<char>('a' + id - 1)) + ".png";
            write_flat_picture(picture(name), side, side, {90, 120, 30});
            truth_["images"].push_back({{"id", id}, {"file_name", name}});
            for (const json& box : boxes) {
                const int annotation = static_cast<int>(truth_["annotations"].size()) + 1;
                truth_["annotations"].push_back(
                    {{"id", annotation}, {"image_id", id}, {"category_id", 10}, {"bbox", box}});
            }
        }
        write_truth();
    }
    [[nodiscard]] json figures(std::vector<std::string> more = {}) const {
        more.insert(more.end(), {"--json", "-"});
        return parse_output(eval_tiny(std::move(more)));
    }
    [[nodiscard]] ProcessResult eval_at(const std::string& date, std::vector<std::string> more) const {
        more.insert(more.begin(), {detect_command(), "eval", "--annotations", "gt.json"});
        return run_process(more, {.working_directory = folder_.path(), .environment = {{"SOURCE_DATE_EPOCH", date}}});
    }
    [[nodiscard]] std::string sha256sum(const std::string& file) const {
        return run_process({"sha256sum", file}, {.working_directory = folder_.path()}).output.substr(0, 64);
    }
};

std::size_t widest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) widest = std::max(widest, columns(line));
    return widest;
}

/// In b.png "first" is a false alarm; c.png lacks an object far away; in d.png nothing is to be found.
TEST_F(EvalPictures, AreListedWorstFirst) {
    add_pictures(1, {{0, 0, 8, 8}, {12, 12, 6, 6}});
    add_pictures(1, json::array());
    const ProcessResult result = eval_tiny({"--json", "f.json", "--csv", "p.csv", "--report", "r.html"});
    ASSERT_TRUE(succeeded(result));
    const json pictures = json::parse(read_text(folder_ / "f.json"))["pictures"];
    std::vector<std::string> names;
    for (const json& one : pictures) names.push_back(one["file"]);
    EXPECT_THAT(names, ElementsAre("c.png", "d.png", "b.png", "a.png"));
    EXPECT_EQ(pictures[0], json::parse(R"({"file": "c.png", "image_id": 3, "objects": 2, "found": 1, "missed": 1,
        "false_alarms": 1, "wrong_class": 0, "reported": 2, "false_alarm_scores": 0.8999999761581421})"));
    EXPECT_EQ(pictures[1]["false_alarms"], 2);
    EXPECT_EQ(pictures[3]["found"], 2);

    std::istringstream csv(read_text(folder_ / "p.csv"));
    std::vector<std::string> rows;
    for (std::string row; std::getline(csv, row);) rows.push_back(row);
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0], "csv_version,rank,image_id,file,objects,found,missed,false_alarms,wrong_class,reported,"
                       "false_alarm_scores,error,score,iou,model,model_sha256");
    EXPECT_EQ(rows[1], "1,1,3,c.png,2,1,1,1,0,2,0.8999999761581421,,0.5,0.5,tiny.onnx," + sha256sum("tiny.onnx"));
    EXPECT_THAT(rows[4], testing::StartsWith("1,4,1,a.png,2,2,0,0,0,2,0,,0.5,"));

    EXPECT_THAT(result.output, ContainsRegex("The worst pictures: .*\npicture +objects +missed +false alarms +wrong "
                                             "class\nc.png +2 +1 +1 +0\nd.png +0 +0 +2 +0\nb.png +1 +0 +1 +0\n\n"));
    const std::string report = read_text(folder_ / "r.html");
    EXPECT_THAT(report, HasSubstr("<tr><th scope=\"row\">c.png</th><td data-label=\"objects\">2</td>"));
    EXPECT_LT(report.find("<th scope=\"row\">c.png"), report.find("<th scope=\"row\">d.png"));
}

TEST_F(EvalPictures, HaveEscapeAndOverkillRates) {
    add_pictures(1, {{0, 0, 8, 8}, {12, 12, 6, 6}});
    add_pictures(1, json::array());
    const json rates = figures()["picture_rates"];
    EXPECT_EQ(rates["with_objects"], 3);
    EXPECT_EQ(rates["with_a_miss"], 1);
    EXPECT_DOUBLE_EQ(rates["escape_rate"], 1.0 / 3.0);
    EXPECT_EQ(rates["board_escape_rate"], 0.0);
    EXPECT_EQ(rates["without_objects"], 1);
    EXPECT_EQ(rates["overkill_rate"], 1.0);
    EXPECT_DOUBLE_EQ(rates["false_alarms_per_picture"], 4.0 / 4.0);
    // Above all scores, nothing is reported: every defective board passes, and no good one is stopped.
    const json silent = figures({"--score", "0.95"})["picture_rates"];
    EXPECT_EQ(silent["escape_rate"], 1.0);
    EXPECT_EQ(silent["nothing_found_rate"], 1.0);
    EXPECT_EQ(silent["board_escape_rate"], 1.0);
    EXPECT_EQ(silent["overkill_rate"], 0.0);
    EXPECT_THAT(eval_tiny({}).output, ContainsRegex("with objects +3\n  something missed +1 +0.333 +escape rate\n"
                                                    "  nothing found +0 +0.000\n"
                                                    "  nothing reported +0 +0.000 +board escape rate\n"
                                                    "without objects +1\n  called defective +1 +1.000 +overkill rate\n"
                                                    "False alarms per picture: 1.000\n"));
}

TEST_F(EvalPictures, ThatCannotBeReadAreRowsWithTheReason) {
    truth_["images"].push_back({{"id", 3}, {"file_name", "gone.png"}});
    write_truth();
    const ProcessResult result = eval_tiny({"--csv", "-"});
    EXPECT_EQ(result.exit_code, 5) << describe(result);
    EXPECT_THAT(result.output, ContainsRegex("\n1,,,gone.png,,,,,,,,\"?[^\n]*gone.png[^\n]*,0.5,0.5,tiny.onnx,"));
    EXPECT_THAT(result.output, Not(HasSubstr("COCO metrics"))) << "data alone on standard output";
}

TEST_F(EvalPictures, FiguresSayWhatTheyWereMeasuredUnder) {
    const ProcessResult result = eval_at("1700000000", {"--images", "pictures", "--model", "tiny.onnx", "--threads",
                                                        "1", "--json", "f.json", "--report", "r.html"});
    ASSERT_TRUE(succeeded(result));
    const json figures = json::parse(read_text(folder_ / "f.json"));
    const json& conditions = figures["conditions"];
    EXPECT_EQ(conditions["date"], "2023-11-14T22:13:20Z");
    EXPECT_EQ(conditions["detect_version"], detect_version());
    EXPECT_EQ(conditions["annotations_sha256"], sha256sum("gt.json"));
    EXPECT_EQ(conditions["threads"], 1);
    EXPECT_THAT(conditions["instruction_set"].get<std::string>(), testing::AnyOf("portable", "avx2", "avx512", "amx"));
    EXPECT_EQ(conditions["score"], 0.5);
    EXPECT_EQ(conditions["iou"], 0.5);
    EXPECT_EQ(conditions["tiling"], nullptr);
    EXPECT_EQ(conditions["bootstrap"]["resamples"], 1000);
    EXPECT_EQ(conditions["bootstrap"]["rough"], true) << "two pictures are few";
    EXPECT_EQ(figures["model_sha256"], sha256sum("tiny.onnx"));
    EXPECT_THAT(result.output, HasSubstr("detect " + detect_version() + ", 2023-11-14T22:13:20Z, "));
    EXPECT_THAT(result.output, HasSubstr("SHA-256 " + sha256sum("tiny.onnx") + "\n"));
    EXPECT_THAT(read_text(folder_ / "r.html"), HasSubstr("<dd>2023-11-14T22:13:20Z</dd>"));
    const ProcessResult wrong = eval_at("yesterday", {"--images", "pictures", "--model", "tiny.onnx"});
    EXPECT_TRUE(refused(wrong, 2));
    EXPECT_THAT(error_line(wrong), HasSubstr("SOURCE_DATE_EPOCH=yesterday: must be seconds since 1970"));
}

TEST_F(EvalPictures, TheSettingsOfAModelAreRecorded) {
    truth_["categories"][0]["name"] = "open";
    write_truth();
    const json figures = parse_output(eval({"--images", "pictures", "--model", bundled_weights().string(), "--min-size",
                                            "64", "--max-size", "96", "--json", "-"}));
    EXPECT_EQ(figures["settings"]["min_size"], "64");
    EXPECT_EQ(figures["settings"]["max_size"], "96");
    EXPECT_FALSE(figures["settings"].contains("labels"));
    EXPECT_EQ(figures["assumed_settings"], json::array()) << "the bundled model's are right";
}

TEST_F(EvalPictures, TheSameFiguresMakeTheSameFiles) {
    ASSERT_TRUE(succeeded(eval_tiny({"--save-detections", "dt.json"})));
    const std::vector<std::string> arguments{"--detections", "dt.json", "--images", "pictures", "--json",
                                             "f.json",       "--csv",   "p.csv",    "--report", "r.html"};
    ASSERT_TRUE(succeeded(eval_at("1700000000", arguments)));
    std::vector<std::string> before;
    for (const char* file : {"f.json", "p.csv", "r.html"}) before.push_back(read_text(folder_ / file));
    ASSERT_TRUE(succeeded(eval_at("1700000000", arguments)));
    EXPECT_EQ(before[0], read_text(folder_ / "f.json"));
    EXPECT_EQ(before[1], read_text(folder_ / "p.csv"));
    EXPECT_EQ(before[2], read_text(folder_ / "r.html"));
}

TEST_F(EvalPictures, IntervalsStandBesideTheFigures) {
    add_pictures(10, {{0, 0, 8, 8}});
    add_pictures(2, {{12, 12, 6, 6}});
    const json one = figures({"--threads", "1"});
    EXPECT_EQ(one["intervals"], figures({"--threads", "2"})["intervals"]) << "the same bits";
    for (const char* figure : {"AP", "AP50", "F1"}) {
        EXPECT_LT(one["intervals"][figure]["low"], one["intervals"][figure]["high"]) << figure;
        EXPECT_EQ(one["intervals"][figure]["resamples"], 1000);
    }
    EXPECT_LE(one["intervals"]["F1"]["low"], one["at_score"]["f1"]);
    EXPECT_GE(one["intervals"]["F1"]["high"], one["at_score"]["f1"]);
    EXPECT_EQ(one["conditions"]["bootstrap"]["rough"], false);
    const ProcessResult shown = eval_tiny({});
    EXPECT_THAT(shown.output, ContainsRegex("\n95 % intervals: AP 0\\.[0-9]+ to [01]\\.[0-9]+, AP50 .*, F1 "));
    EXPECT_THAT(shown.output, HasSubstr("Intervals are from 1000 resamples of the 14 pictures.\n"));
    const json none = figures({"--bootstrap", "0"});
    EXPECT_EQ(none["intervals"], nullptr);
    EXPECT_EQ(none["conditions"]["bootstrap"]["left_out"], "they were not asked for");
    EXPECT_TRUE(refused(eval_tiny({"--bootstrap", "-1"}), 2));
}

TEST_F(EvalPictures, FewPicturesMakeRoughIntervals) {
    const ProcessResult two = eval_tiny({});
    EXPECT_THAT(two.output,
                HasSubstr("Intervals are from 1000 resamples of the 2 pictures; with so few they are rough,"));
    truth_["images"].erase(1);
    truth_["annotations"].erase(2);
    write_truth();
    const ProcessResult one = eval_tiny({});
    ASSERT_TRUE(succeeded(one));
    EXPECT_THAT(one.errors, HasSubstr("note: no 95 % intervals: they need two pictures or more\n"));
}

/// The second model is the first one with its labels exchanged.
TEST_F(EvalPictures, ABetterModelIsNamedOnlyBeyondChance) {
    std::string model = read_text(folder_ / "tiny.onnx");
    write_text(folder_ / "copy.onnx", model);
    model.replace(model.find(R"(["first","second"])"), 18, R"(["second","first"])");
    write_text(folder_ / "wrong.onnx", model);
    const auto compare = [&](const char* other, std::vector<std::string> more) {
        more.insert(more.begin(), {"--images", "pictures", "--compare", "tiny.onnx", other});
        return eval(std::move(more));
    };
    const ProcessResult few = compare("wrong.onnx", {});
    EXPECT_THAT(few.output, ContainsRegex("model 2: F1 −[0-9.]+ \\(−.*\\): too few pictures to tell\n"));
    EXPECT_THAT(few.output, HasSubstr("Best F1: none beyond chance.\n"));
    add_pictures(12, {{0, 0, 8, 8}});
    const ProcessResult same = compare("copy.onnx", {"--json", "same.json", "--report", "same.html"});
    ASSERT_TRUE(succeeded(same));
    EXPECT_THAT(same.output, HasSubstr("model 2: AP 0.000 (0.000 to 0.000): no difference beyond chance\n"));
    EXPECT_THAT(same.output, HasSubstr("Best AP: none beyond chance.\n"));
    EXPECT_THAT(read_text(folder_ / "same.html"), HasSubstr("No difference in AP beyond chance (0.000 to 0.000)."));
    const json no_winner = json::parse(read_text(folder_ / "same.json"));
    EXPECT_EQ(no_winner["best_beyond_chance"], json::parse(R"({"AP": null, "AP50": null, "F1": null})"));
    EXPECT_EQ(no_winner["differences"][0]["AP"]["beyond_chance"], false);

    const ProcessResult worse = compare("wrong.onnx", {"--json", "worse.json", "--csv", "worse.csv"});
    ASSERT_TRUE(succeeded(worse));
    EXPECT_THAT(worse.output, ContainsRegex("model 2: F1 −0\\.[0-9]+ \\(−0\\.[0-9]+ to −0\\.[0-9]+\\): worse\n"));
    EXPECT_THAT(worse.output, HasSubstr("Best F1: model 1, beyond chance.\n"));
    EXPECT_THAT(worse.output, ContainsRegex("model +escape rate +overkill rate +alarms a picture\n1 tiny.onnx +0.000"));
    const json winner = json::parse(read_text(folder_ / "worse.json"));
    EXPECT_EQ(winner["best_beyond_chance"]["F1"], "tiny.onnx");
    EXPECT_EQ(winner["differences"][0]["model"], "wrong.onnx");
    EXPECT_EQ(winner["differences"][0]["other"], "tiny.onnx");
    EXPECT_LT(winner["differences"][0]["F1"]["high"], 0.0);
    EXPECT_EQ(winner["models"][1]["pictures"].size(), 14U);
    const std::string rows = read_text(folder_ / "worse.csv");
    EXPECT_EQ(std::ranges::count(rows, '\n'), 1 + 2 * 14);
}

TEST_F(EvalPictures, AreTiledAsRunTilesThem) {
    write_flat_picture(picture("a.png"), 60, 40, {90, 120, 30});
    write_flat_picture(picture("b.png"), 96, 64, {90, 120, 30}); // a panel of tiles
    const std::vector<std::string> tiles{"--tile", "32", "--overlap", "0.25", "--merge", "nms"};
    std::vector<std::string> arguments{"run", "pictures", "--no-draw", "--model",       "tiny.onnx", "--score",
                                       "0",   "--coco",   "run.json",  "--annotations", "gt.json"};
    arguments.insert(arguments.end(), tiles.begin(), tiles.end());
    ASSERT_EQ(run_detect(arguments, folder_.path()).exit_code, 0);
    std::vector<std::string> more = tiles;
    more.insert(more.end(), {"--save-detections", "eval.json", "--json", "f.json"});
    const ProcessResult result = eval_tiny(more);
    ASSERT_TRUE(succeeded(result));
    const json run = json::parse(read_text(folder_ / "run.json"));
    const json evaluated = json::parse(read_text(folder_ / "eval.json"));
    EXPECT_GT(evaluated.size(), 12U) << "more than two in a picture: there are tiles";
    ASSERT_EQ(run.size(), evaluated.size());
    for (std::size_t i = 0; i < run.size(); ++i) {
        for (std::size_t j = 0; j < 4; ++j)
            EXPECT_NEAR(run[i]["bbox"][j].get<double>(), evaluated[i]["bbox"][j].get<double>(), 1e-4) << i;
        EXPECT_EQ(run[i]["category_id"], evaluated[i]["category_id"]);
    }
    EXPECT_EQ(json::parse(read_text(folder_ / "f.json"))["conditions"]["tiling"],
              json::parse(R"({"tile": 32, "overlap": 0.25, "merge": "nms"})"));
    EXPECT_THAT(result.output, HasSubstr("tiles of 32"));
    EXPECT_TRUE(refused(eval_tiny({"--overlap", "0.2"}), 2)) << "without --tile";
    EXPECT_TRUE(refused(eval({"--detections", "eval.json", "--tile", "32"}), 2)) << "no model runs";
}

/// What "first" finds, (1, 2) to (3, 4), has its centre in the region; what "second" finds, (0, 0) to (8, 8), has not.
TEST_F(EvalPictures, OutsideOfTheRegionNothingCounts) {
    const ProcessResult result =
        eval_tiny({"--roi", "0,0,4,8", "--json", "f.json", "--report", "r.html", "--save-detections", "dt.json"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.errors, HasSubstr("note: --roi: 2 of 3 objects with the centre outside left out; 2 across its "
                                         "border judged by the centre\n"));
    const json figures = json::parse(read_text(folder_ / "f.json"));
    EXPECT_EQ(figures["conditions"]["regions"], json::parse("[[0, 0, 4, 8]]"));
    EXPECT_EQ(figures["objects_outside_regions"], 2);
    EXPECT_EQ(figures["objects_across_regions"], 2);
    EXPECT_EQ(figures["detections_outside_regions"], 2);
    EXPECT_EQ(figures["at_score"]["correct"], 1);
    EXPECT_EQ(figures["at_score"]["missed"], 0);
    EXPECT_EQ(figures["at_score"]["false_alarms"], 1);
    EXPECT_EQ(json::parse(read_text(folder_ / "dt.json")).size(), 2U);
    EXPECT_THAT(result.output, HasSubstr("region 0,0,4,8"));
    EXPECT_THAT(read_text(folder_ / "r.html"), HasSubstr("0,0,4,8: 2 objects with the centre outside left out"));
    // The same of results that are read.
    ASSERT_TRUE(succeeded(eval_tiny({"--save-detections", "all.json"})));
    const json read = parse_output(eval({"--detections", "all.json", "--roi", "0,0,4,8", "--json", "-"}));
    EXPECT_EQ(read["at_score"], figures["at_score"]);
    EXPECT_EQ(read["detections_outside_regions"], 2);
}

TEST_F(EvalPictures, RegionsThatMissEverythingAreSaid) {
    const ProcessResult empty = eval_tiny({"--roi", "10,10,5,5", "--json", "f.json"});
    ASSERT_TRUE(succeeded(empty));
    EXPECT_THAT(empty.errors, HasSubstr("warning: --roi: no object of gt.json has its centre in it"));
    write_flat_picture(picture("a.png"), 40, 20, {90, 120, 30});
    const ProcessResult beside = eval_tiny({"--roi", "30,0,5,5"});
    EXPECT_EQ(beside.exit_code, 5) << describe(beside);
    EXPECT_THAT(beside.errors, HasSubstr("b.png: is 20x20 pixels, and nothing of --roi lies in it"));
    EXPECT_EQ(eval_tiny({"--roi", "100,100,5,5"}).exit_code, 3) << "nothing left to look at";
    const ProcessResult wrong = eval_tiny({"--roi", "0,0,4"});
    EXPECT_TRUE(refused(wrong, 2));
    EXPECT_THAT(error_line(wrong), HasSubstr("--roi 0,0,4: must be X,Y,WIDTH,HEIGHT in whole pixels"));
}

TEST_F(EvalPictures, FilesThatAreWrittenAreNamed) {
    const ProcessResult result = eval_tiny({"--report", "r.html", "--json", "f.json", "--csv", "p.csv",
                                            "--save-detections", "dt.json", "--save-scores", "s.json"});
    ASSERT_TRUE(succeeded(result));
    EXPECT_THAT(result.errors, HasSubstr("wrote dt.json\nwrote s.json\nwrote f.json\nwrote p.csv\nwrote r.html\n"));
    EXPECT_THAT(eval_tiny({"--json", "-"}).errors, Not(HasSubstr("wrote")));
}

TEST_F(EvalPictures, NoLineIsWiderThanATerminal) {
    const std::string deep = "pictures/" + std::string(60, 'd');
    std::filesystem::create_directories(folder_ / deep);
    for (int id = 3; id <= 14; ++id) {
        const std::string name = std::string(60, 'd') + "/" + std::string(90, static_cast<char>('a' + id)) + ".png";
        write_flat_picture(picture(name), 20, 20, {90, 120, 30});
        truth_["images"].push_back({{"id", id}, {"file_name", name}});
        truth_["annotations"].push_back(
            {{"id", id + 1}, {"image_id", id}, {"category_id", 10}, {"bbox", {1, 1, 9, 2}}});
    }
    for (int id = 30; id < 39; ++id)
        truth_["categories"].push_back({{"id", id}, {"name", "cold solder joint at pin " + std::to_string(id)}});
    write_truth();
    const std::string long_name = std::string(120, 'm') + ".onnx";
    write_text(folder_ / long_name, read_text(folder_ / "tiny.onnx"));
    const ProcessResult one = eval(
        {"--images", "pictures", "--model", long_name, "--tile", "32", "--roi", "0,0,18,18", "--roi", "1,1,19,19"});
    ASSERT_TRUE(succeeded(one));
    EXPECT_LE(widest_line(one.output), 80U) << one.output;
    EXPECT_GT(widest_line(one.output), 70U) << "there was something to be cut";
    for (const char* part : {"COCO metrics", "By class", "AP by class", "Pictures at score", "The worst pictures",
                             "Confusion matrix", "Latency", "SHA-256"})
        EXPECT_THAT(one.output, HasSubstr(part));
    const ProcessResult several = eval({"--images", "pictures", "--compare", long_name, "tiny.onnx", "tiny.onnx",
                                        "tiny.onnx", "tiny.onnx", "tiny.onnx", "tiny.onnx", "tiny.onnx"});
    ASSERT_TRUE(succeeded(several));
    EXPECT_LE(widest_line(several.output), 80U) << several.output;
    EXPECT_THAT(several.output, HasSubstr("\n8 tiny.onnx "));
    EXPECT_THAT(several.output, HasSubstr("model 8"));
}

TEST_F(EvalPictures, TheFlagsAreInHelpManualAndCompletion) {
    const std::string help = run_detect({"eval", "--help"}, folder_.path()).output;
    EXPECT_LE(widest_line(help), 80U) << help;
    const std::string manual = run_detect({"man"}, folder_.path()).output;
    const std::string completion = run_detect({"completion", "bash"}, folder_.path()).output;
    for (const std::string flag : {"tile", "overlap", "merge", "roi", "bootstrap", "csv"}) {
        EXPECT_THAT(help, ContainsRegex("\n  --" + flag + " ")) << flag;
        EXPECT_THAT(manual.substr(manual.find("detect eval\"")), HasSubstr("\\fB\\-\\-" + flag + "\\fR")) << flag;
        EXPECT_THAT(completion, HasSubstr("--" + flag)) << flag;
    }
}

} // namespace
} // namespace detect::test
