// SPDX-License-Identifier: Apache-2.0
#include "evaluation/score_file.h"
#include "tests/evaluation/made_up.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

using test::require;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr CocoBox here{0, 0, 10, 10};
constexpr CocoBox there{50, 50, 10, 10};

/// Categories 0, 1 and 2; there are objects of the first two alone.
Summary summary_of(std::vector<DetectedBox> detections) {
    Summary summary{.annotations = "gt.json",
                    .dataset = images(1, 3, {object(here, 0, 0), object(there, 0, 0), object(here, 1, 0)}),
                    .models = {}};
    summary.models.push_back({.name = "m.onnx", .detections = std::move(detections)});
    EXPECT_TRUE(evaluate_models(summary, {}).ok());
    return summary;
}

TEST(BestScores, AreTheHighestOfThoseWithTheHighestF1) {
    // Category 0: right at 0.9, wrong at 0.8, right at 0.7 and at 0.6 a detection of what is found already. F1 from 0.9
    // on: 2/(2+0+1) = 0.67; from 0.8: 2/(2+1+1) = 0.5; from 0.7: 4/(4+1+0) = 0.8; from 0.6: 4/(4+2+0) = 0.67.
    // Category 1: wrong at 0.5, right at 0.4: from 0.4 on 2/(2+1) = 0.67.
    // All: from 0.9 2/(2+0+2) = 0.5; 0.8: 0.4; 0.7: 4/(4+1+1) = 0.67; 0.6: 4/(4+2+1); 0.5: 4/(4+3+1); 0.4: 6/(6+3) =
    // 0.67.
    const CocoBox nowhere{200, 200, 10, 10};
    const Summary summary = summary_of({found(here, 0.9F, 0, 0), found(nowhere, 0.8F, 0, 0), found(there, 0.7F, 0, 0),
                                        found(here, 0.6F, 0, 0), found(nowhere, 0.5F, 1, 0), found(here, 0.4F, 1, 0)});
    const BestScores best = require(best_scores(summary));
    const auto& names = summary.dataset.categories;
    EXPECT_EQ(best.scores.by_name.at(names[0].name), 0.7F);
    EXPECT_EQ(best.scores.by_name.at(names[1].name), 0.4F);
    EXPECT_EQ(best.scores.others, 0.7F) << "two thirds from 0.7 on, and from 0.4 on: the higher one";
    EXPECT_EQ(best.scores.by_name.at(names[2].name), 0.7F) << "nothing to be found: that of all together";
    EXPECT_THAT(best.without_own, ElementsAre(names[2].name));
}

TEST(BestScores, GoByTheModelsOwnNames) {
    Summary summary = summary_of({found(here, 0.9F, 0, 0)});
    summary.models[0].classes = {{"other"}, {"First", 0}};
    const BestScores best = require(best_scores(summary));
    EXPECT_EQ(best.scores.by_name, (std::map<std::string, float>{{"First", 0.9F}, {"other", 0.9F}}));
    EXPECT_THAT(best.without_own, ElementsAre("other"));
}

TEST(BestScores, WithoutAnyFindThereAreNone) {
    const auto none = best_scores(summary_of({found({200, 200, 5, 5}, 0.9F, 0, 0)}));
    ASSERT_FALSE(none.ok());
    EXPECT_THAT(none.error().message, HasSubstr("no object is found at any score"));
}

class ScoreFile : public testing::Test {
protected:
    std::string error_of(const std::string& text) {
        std::ofstream(file_) << text;
        const auto scores = read_score_file(file_);
        if (scores) return "no error";
        EXPECT_EQ(scores.error().code, ErrorCode::unreadable_input);
        return scores.error().message.substr(file_.string().size() + 2);
    }
    test::TempDir folder_;
    std::filesystem::path file_ = folder_ / "scores.json";
};

TEST_F(ScoreFile, ReadsBackTheSame) {
    const Summary summary = summary_of({found(here, 0.1F, 0, 0), found(here, 1.0F / 3.0F, 1, 0)});
    const BestScores best = require(best_scores(summary));
    const std::string text = to_score_file(best, summary);
    std::ofstream(file_) << text;
    EXPECT_EQ(require(read_score_file(file_)), best.scores);
    EXPECT_THAT(text, HasSubstr("\"class_scores_version\": 1"));
    EXPECT_THAT(text, HasSubstr("\"model\": \"m.onnx\""));
    EXPECT_THAT(text, HasSubstr("\"annotations\": \"gt.json\""));
    EXPECT_THAT(text, HasSubstr(": 0.1,")) << "and not 0.10000000149011612";
}

TEST_F(ScoreFile, WhatIsWrongIsNamed) {
    EXPECT_THAT(error_of("[]"), HasSubstr("top level: expected scores per class"));
    EXPECT_THAT(error_of("{}"), HasSubstr("class_scores_version"));
    EXPECT_EQ(error_of(R"({"class_scores_version": 2, "scores": {}})"),
              "class_scores_version: is 2, and this program reads version 1; save the scores again with this program");
    EXPECT_EQ(error_of(R"({"class_scores_version": 1})"), "scores: expected an object of names and scores");
    for (const char* score : {"1.5", "-1", "\"0.5\"", "null"}) {
        EXPECT_EQ(error_of(R"({"class_scores_version": 1, "scores": {"a": )" + std::string(score) + "}}"),
                  "scores.a: expected a score, a number from 0 to 1");
    }
    EXPECT_EQ(error_of(R"({"class_scores_version": 1, "others": 7, "scores": {}})"),
              "others: expected a score, a number from 0 to 1");
    EXPECT_EQ(error_of(R"({"class_scores_version": 1, "scores": {}})"), "no error");
}

} // namespace
} // namespace detect::evaluation
