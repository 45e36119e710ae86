// SPDX-License-Identifier: Apache-2.0
// Results as text and back, as --resume reads them. Other people's readers judge the formats in tests/cli/run.

#include "results/coco.h"
#include "results/crops.h"
#include "results/csv.h"
#include "results/detection_filter.h"
#include "results/json.h"
#include "results/jsonl.h"
#include "results/voc.h"
#include "tests/support/temp_dir.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {

bool operator==(const PictureResult& a, const PictureResult& b) {
    return a.file == b.file && a.width == b.width && a.height == b.height && a.detections == b.detections &&
           a.frame == b.frame && a.page == b.page && a.error == b.error && a.warnings == b.warnings &&
           a.drawn == b.drawn && a.time == b.time && a.sha256 == b.sha256 &&
           (a.conditions ? b.conditions && *a.conditions == *b.conditions : !b.conditions);
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> names{"open, \"wide\"", "short"};

std::vector<PictureResult> awkward_results() {
    const auto conditions = std::make_shared<ResultConditions>(
        ResultConditions{"best, \"so far\".onnx", std::string(64, 'b'), 0.25F, {{"short", 0.375F}}});
    const Detection detection{{0.1F, 1.0F / 3.0F, 16384.0F, 1e-7F}, 1, 0.98765432F};
    return {{"plain.png", 640, 480, {detection, {{1, 2, 3, 4}, 2, 0.5F}}},
            {"comma, \"quote\"\nand line.png", 1, 1, {detection}},
            {"=1+1\u202E\u009B\t.png", 1, 1, {detection}},
            {"'=1.png", 1, 1, {detection}},
            {"empty.png", 20, 10, {}},
            {"clip.mp4", 64, 48, {detection}, 0},
            {"clip.mp4", 64, 48, {detection}, 1},
            {"clip.mp4", 64, 48, {}, 1234567890123},
            {.file = "pages.tif",
             .width = 20,
             .height = 10,
             .detections = {detection, {{1, 2, 3, 4}, 2, 0.5F}},
             .page = 2,
             .warnings = {{"scale", "objects appear 9.4 times smaller, \"may\" be missed"}, {"dark", "nearly: black"}},
             .drawn = "drawn/pages, 2.png",
             .time = "2026-11-30T18:00:00.123Z",
             .sha256 = std::string(64, 'a'),
             .conditions = conditions},
            {.file = "broken.png",
             .error = Remark{"unreadable_input", "broken.png: no such file, \"or\" so"},
             .conditions = conditions}};
}

TEST(Results, JsonReadsBackTheSame) {
    const auto results = awkward_results();
    const auto read = parse_json(to_json(results, names));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, results);
}

TEST(Results, JsonLinesReadBackTheSame) {
    std::string text;
    for (const PictureResult& result : awkward_results()) text += to_json_line(result, names);
    EXPECT_EQ(*parse_json_lines(text), awkward_results());
    // A line that has no end was cut off.
    auto all_but_one = awkward_results();
    all_but_one.pop_back();
    EXPECT_EQ(*parse_json_lines(text.substr(0, text.size() - 1)), all_but_one);
    EXPECT_TRUE(parse_json_lines("")->empty());
}

TEST(Results, CsvReadsBackTheSame) {
    std::string text(csv_header);
    for (const PictureResult& result : awkward_results()) text += to_csv_rows(result, names);
    // A row knows the least score of its own class, so a picture knows those of the classes that it has.
    auto wanted = awkward_results();
    auto known = std::make_shared<ResultConditions>(*wanted.back().conditions);
    known->class_scores.clear();
    wanted.back().conditions = known;
    const auto read = parse_csv(text);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, wanted);
    std::string again(csv_header);
    for (const PictureResult& result : *read) again += to_csv_rows(result, names);
    EXPECT_EQ(again, text);
    auto all_but_one = wanted;
    all_but_one.pop_back();
    EXPECT_EQ(*parse_csv(text.substr(0, text.size() - 1)), all_but_one);
    EXPECT_TRUE(parse_csv("")->empty());
    EXPECT_TRUE(parse_csv(csv_header)->empty());
}

TEST(Results, ARowIsALineAndNoFormula) {
    const std::string rows =
        to_csv_rows({"=1\n.png", 20, 10, {{{-1, 2, 3, 4}, 1, 0.5F}}}, std::vector<std::string>{"@a\nb"});
    EXPECT_EQ(rows, "2,'=1\\u{A}.png,,,20,10,'@a\\u{A}b,1,0.5,-1,2,3,4,,,,,,,,\n");
    // Rows of earlier versions had line breaks in quotes.
    const auto read = parse_csv(std::string(csv_header) + "2,\"a\nb.png\",,,20,10,,,,,,,,,,,,,,,\n");
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->at(0).file, "a\nb.png");
}

TEST(Results, CocoReadsBackTheSame) {
    const std::vector<CocoResult> results{coco_result({{1, 2, 4, 8}, 1, 0.25F}, 7, 3, "a.png"),
                                          coco_result({{0.1F, 0.2F, 0.7F, 0.9F}, 1, 0.3F}, 8, 3, "clip.mp4#1")};
    EXPECT_THAT(results[0].bbox, ElementsAre(1, 2, 3, 6));
    const auto read = parse_coco(to_coco(results));
    ASSERT_TRUE(read.ok() && read->size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*read)[i].bbox, results[i].bbox);
        EXPECT_EQ((*read)[i].score, results[i].score);
        EXPECT_EQ((*read)[i].image_id, results[i].image_id);
        EXPECT_EQ((*read)[i].file_name, results[i].file_name);
    }
    EXPECT_EQ(to_coco({}), "[]\n");
}

TEST(Results, WhatIsSomethingElseIsRefused) {
    const std::string row = to_csv_rows(awkward_results()[0], names);
    for (const std::string& text :
         {std::string("x\n"), std::string("[1]\n"), std::string("{}\n"), "csv_version\n" + row,
          std::string(csv_header) + "1" + row.substr(1), std::string(csv_header) + "2,a\n",
          std::string(R"({"schema_version":2,"file":"a","width":"b"})") + "\n",
          std::string(R"({"schema_version":1,"file":"a","width":1,"height":1,"detections":[]})") + "\n",
          std::string(5000, '[') + "\n"}) {
        EXPECT_EQ(parse_json(text).error().code, ErrorCode::unreadable_input) << text;
        EXPECT_EQ(parse_json_lines(text).error().code, ErrorCode::unreadable_input) << text;
        EXPECT_EQ(parse_csv(text).error().code, ErrorCode::unreadable_input) << text;
    }
    for (const char* text : {"x", "{}", "[1]", R"([{"image_id":1}])"})
        EXPECT_EQ(parse_coco(text).error().code, ErrorCode::unreadable_input) << text;
}

TEST(Results, PixelsThatABoxCovers) {
    EXPECT_EQ(covered_pixels({1, 2, 3, 4}, 20, 10), (PixelRect{1, 2, 2, 2}));
    EXPECT_EQ(covered_pixels({0.4F, 0.6F, 3.4F, 3.6F}, 20, 10), (PixelRect{0, 1, 3, 3}));
    EXPECT_EQ(covered_pixels({-5, -5, 100, 100}, 20, 10), (PixelRect{0, 0, 20, 10}));
    EXPECT_EQ(covered_pixels({5, 5, 5, 5}, 20, 10), (PixelRect{5, 5, 1, 1}));
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(covered_pixels({nan, nan, nan, nan}, 20, 10), (PixelRect{0, 0, 1, 1}));
}

TEST(Results, VocIsSoundXmlWhateverTheNames) {
    const std::string xml =
        to_voc({"a<b>&\x01\xFF.png", 20, 10, {{{1, 2, 3, 4}, 1, 0.5F}}}, std::vector<std::string>{"<&>"}, 3);
    EXPECT_THAT(xml, HasSubstr("<filename>a&lt;b&gt;&amp; \xEF\xBF\xBD.png</filename>"));
    EXPECT_THAT(xml, HasSubstr("<name>&lt;&amp;&gt;</name>"));
}

TEST(DetectionFilter, KeepsOrderAndTheBest) {
    std::vector<Detection> detections{{{0, 0, 2, 2}, 1, 0.9F}, {{4, 4, 6, 6}, 2, 0.8F}, {{4, 0, 6, 2}, 1, 0.7F}};
    const auto all = detections;
    ASSERT_TRUE(apply({}, 10, 10, detections).ok());
    EXPECT_EQ(detections, all);
    ASSERT_TRUE(apply({.labels = {1}, .regions = {{3, 0, 5, 10}, {0, 0, 1, 1}}}, 10, 10, detections).ok());
    EXPECT_THAT(detections, ElementsAre(all[2]));
    detections = all;
    ASSERT_TRUE(apply({.max_detections = 2}, 10, 10, detections).ok());
    EXPECT_THAT(detections, ElementsAre(all[0], all[1]));
    // A box may end at the picture's border: its centre is looked up inside.
    Picture mask{.width = 10, .height = 10, .format = PixelFormat::grey8, .pixels = std::vector<std::byte>(100)};
    mask.pixels[99] = std::byte{1};
    std::vector<Detection> corner{{{10, 10, 10, 10}, 1, 0.5F}, {{0, 0, 1, 1}, 1, 0.4F}};
    ASSERT_TRUE(apply({.mask = mask}, 10, 10, corner).ok());
    EXPECT_EQ(corner.size(), 1U);
    EXPECT_EQ(apply({.mask = mask}, 11, 10, corner).error().code, ErrorCode::invalid_argument);
}

/// Crops of one detection of each class; the folders that they went into.
std::set<std::string> folders_of_crops(const std::vector<std::string>& labels, std::string* remark = nullptr) {
    const test::TempDir folder;
    const auto writer = crops_format.open({.folder = folder.path(), .labels = labels});
    PictureResult result{.file = "a.png", .width = 20, .height = 10};
    for (std::size_t i = 0; i < labels.size(); ++i)
        result.detections.push_back({{1, 2, 3, 4}, static_cast<int>(i) + 1, 0.9F});
    const Picture picture{.width = 20, .height = 10, .pixels = std::vector<std::byte>(600, std::byte{90})};
    const auto written = writer->write("a", result, picture);
    EXPECT_TRUE(written.ok());
    if (remark != nullptr) *remark = writer->remark();
    std::set<std::string> folders;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        if (entry.is_directory()) folders.insert(entry.path().filename().string());
        if (entry.is_regular_file()) ++files;
    }
    EXPECT_EQ(files, labels.size());
    return folders;
}

TEST(Crops, ClassesHaveFoldersOfTheirOwnHoweverTheyAreCalled) {
    EXPECT_THAT(folders_of_crops({"a/b", "a_b", "a\nb"}), ElementsAre("a_b", "a_b_2", "a_b_3"));
    EXPECT_THAT(folders_of_crops({"..", ".", "_"}), ElementsAre("_", "__2", "__3"));
    EXPECT_THAT(folders_of_crops({"N/A", "one", "N/A"}), ElementsAre("N_A", "one")) << "one class, said twice";
}

TEST(Crops, LongNamesAreCutBetweenLettersAndThatIsSaid) {
    std::string long_name;
    for (int i = 0; i < 150; ++i) long_name += "\u00fc"; // two bytes each
    std::string remark;
    const auto folders = folders_of_crops({long_name, long_name + "x", "short"}, &remark);
    ASSERT_EQ(folders.size(), 3U);
    for (const std::string& name : folders) {
        EXPECT_LE(name.size(), 200U);
        EXPECT_EQ(name.substr(0, 183), name == "short" ? name : long_name.substr(0, 182) + "-");
    }
    EXPECT_THAT(remark, HasSubstr("cuts names of classes that are longer than 200 bytes"));
    (void)folders_of_crops({"short"}, &remark);
    EXPECT_EQ(remark, "");
}

TEST(Crops, OfAPictureThatHasChangedAreDoneAgain) {
    const test::TempDir folder;
    const std::vector<std::string> labels{"one"};
    const std::filesystem::path file = folder / "a.png";
    std::ofstream(file) << "a picture";
    const PictureTarget target{.folder = folder / "crops", .labels = labels};
    const Picture picture{.width = 20, .height = 10, .pixels = std::vector<std::byte>(600, std::byte{90})};
    ASSERT_TRUE(
        crops_format.open(target)->write("a", {file.string(), 20, 10, {{{1, 2, 3, 4}, 1, 0.9F}}}, picture).ok());
    const auto writer = crops_format.open(target);
    writer->resume();
    EXPECT_TRUE(writer->has("a", file.string(), false));
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(10));
    EXPECT_FALSE(writer->has("a", file.string(), false));
}

} // namespace
} // namespace detect
