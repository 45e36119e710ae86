// SPDX-License-Identifier: Apache-2.0
#include "results/json.h"

#include "base/label_name.h"
#include "results/coco.h"
#include "results/jsonl.h"
#include "results/table.h"

#include <algorithm>
#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect {
namespace {

const std::vector<std::string> names{"open", "short", ""};

TEST(LabelName, NamesAndNumbers) {
    EXPECT_EQ(label_name(1, names), "open");
    EXPECT_EQ(label_name(2, names), "short");
    EXPECT_EQ(label_name(3, names), "class 3");
    EXPECT_EQ(label_name(7, names), "class 7");
    EXPECT_EQ(label_name(0, names), "class 0");
    EXPECT_EQ(label_name(-1, names), "class -1");
}

TEST(ToJson, TheWholeDocument) {
    const std::vector<PictureResult> results{
        {"a.png", 640, 480, {{{1.5F, 2.0F, 30.25F, 40.1F}, 2, 0.9731F}, {{0.0F, 0.0F, 1.0F, 1.0F}, 9, 0.5F}}},
        {"b.png", 1, 2, {}}};
    EXPECT_EQ(
        to_json(results, names),
        R"({"schema_version":2,"images":[{"schema_version":2,"file":"a.png","width":640,"height":480,"detections":[)"
        R"({"label":"short","label_id":2,"score":0.9731,"box":[1.5,2.0,30.25,40.1]},)"
        R"({"label":"class 9","label_id":9,"score":0.5,"box":[0.0,0.0,1.0,1.0]}]},)"
        R"({"schema_version":2,"file":"b.png","width":1,"height":2,"detections":[]}]})"
        "\n");
    EXPECT_EQ(to_json({}, names), "{\"schema_version\":2,\"images\":[]}\n");
}

TEST(ToJson, FloatsReadBackTheSame) {
    std::uint32_t state = 3;
    for (int i = 0; i < 2000; ++i) {
        state = state * 1664525U + 1013904223U;
        const float value = static_cast<float>(state) / 4294967296.0F * 700.0F;
        const std::vector<PictureResult> results{{"a", 1, 1, {{{value, 0.0F, 0.0F, 0.0F}, 1, value / 700.0F}}}};
        const std::string text = to_json(results, names);
        const auto parsed = nlohmann::json::parse(text);
        const auto& detection = parsed["images"][0]["detections"][0];
        EXPECT_EQ(detection["box"][0].get<float>(), value);
        EXPECT_EQ(detection["score"].get<float>(), value / 700.0F);
        // A float32 never needs more than nine digits.
        EXPECT_LE(text.find(",\"box\"") - text.find("\"score\":"), std::string("\"score\":0.000123456789").size())
            << text;
    }
}

TEST(ToJson, AnyFileName) {
    const std::vector<PictureResult> results{{"quote\" back\\ line\n \xFF\xFE.png", 1, 1, {}}};
    const auto parsed = nlohmann::json::parse(to_json(results, names));
    EXPECT_EQ(parsed["images"][0]["file"], "quote\" back\\ line\n \xEF\xBF\xBD\xEF\xBF\xBD.png");
}

/// What copies and writes JSON's values recurses: so deep a file ended the program.
TEST(ReadBack, NumbersThatFitNoIntegerAreRefused) {
    const std::string before = R"({"schema_version":2,"file":"a.png","height":8,"detections":[],"width":)";
    ASSERT_TRUE(parse_json_lines(before + "8}\n").ok());
    for (const char* width : {"8.5", "1e30", "-1e30", "4294967304", "18446744073709551615", "true", "\"8\""}) {
        EXPECT_EQ(parse_json_lines(before + width + "}\n").error().code, ErrorCode::unreadable_input) << width;
    }
    const std::string result = R"([{"category_id":1,"bbox":[0,0,1,1],"score":1,"file_name":"a.png","image_id":)";
    ASSERT_TRUE(parse_coco(result + "8}]").ok());
    for (const char* id : {"8.5", "-92233720368547758081", "9223372036854775808"}) {
        EXPECT_EQ(parse_coco(result + id + "}]").error().code, ErrorCode::unreadable_input) << id;
    }
}

TEST(ReadBack, NestedRecordsAreRefusedWithTheirPlace) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const std::string record = "{\"schema_version\":2,\"file\":" + deep + "}";
    const std::string sound = to_json_line({.file = "a", .width = 1, .height = 1, .detections = {}}, names);
    const auto lines = parse_json_lines(sound + record + "\n");
    ASSERT_FALSE(lines.ok());
    EXPECT_THAT(lines.error().message,
                testing::EndsWith(": line 2, column 91: lists or objects lie within each other more than 64 deep"));
    for (const auto& error : {parse_json(record).error(), parse_coco(record).error()})
        EXPECT_THAT(error.message, testing::HasSubstr("line 1, column 91: lists or objects lie within each other"));
}

TEST(ToTable, ColumnsAreAligned) {
    const std::vector<std::string> wide_names{"open", "Lötfehler"};
    const std::vector<Detection> detections{{{1.0F, 2.0F, 3.0F, 4.0F}, 1, 0.9731F},
                                            {{1000.04F, 2000.0F, 3000.0F, 4000.96F}, 2, 0.05F}};
    EXPECT_EQ(to_table(detections, wide_names), "label      score        x1        y1        x2        y2\n"
                                                "open       0.973       1.0       2.0       3.0       4.0\n"
                                                "Lötfehler  0.050    1000.0    2000.0    3000.0    4001.0\n");
    EXPECT_EQ(to_table({}, names), "no detections\n");
}

TEST(ToTable, AClassNameCannotBreakTheLine) {
    const std::vector<std::string> hostile{"two\nlines\x1b[31m"};
    const std::string table = to_table(std::vector<Detection>{{{}, 1, 0.5F}}, hostile);
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2);
    EXPECT_EQ(table.find('\x1b'), std::string::npos);
}

} // namespace
} // namespace detect
