// SPDX-License-Identifier: Apache-2.0
// Results as text and back, as --resume reads them. Other people's readers judge the formats in tests/cli/run.

#include "results/coco.h"
#include "results/csv.h"
#include "results/detection_filter.h"
#include "results/json.h"
#include "results/jsonl.h"
#include "results/voc.h"

#include <fstream>
#include <limits>

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

} // namespace
} // namespace detect
