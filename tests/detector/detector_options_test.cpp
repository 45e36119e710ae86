// SPDX-License-Identifier: Apache-2.0
// Which classes are reported, and warming up.

#include "base/class_scores.h"
#include "detector/detector_from_graph.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::set<int> labels_of(const std::vector<Detection>& detections) {
    std::set<int> labels;
    for (const Detection& detection : detections) labels.insert(detection.label);
    return labels;
}

TEST(DetectorOptions, OnlyTheClassesAskedForAreReported) {
    const Pixels picture = noise(180, 150, 3);
    const auto all = require(tiny_detector().run(picture.view())).detections;
    ASSERT_GT(labels_of(all).size(), 1U);
    const int wanted = *labels_of(all).begin();
    const Detector detector = tiny_detector({.classes = {tiny_detector().label_name(wanted)}});
    std::vector<Detection> expected;
    for (const Detection& detection : all) {
        if (detection.label == wanted) expected.push_back(detection);
    }
    EXPECT_EQ(require(detector.run(picture.view())).detections, expected);
    EXPECT_EQ(require(tiny_detector({.classes = {"c", "a", "b"}}).run(picture.view())).detections, all);
}

TEST(DetectorOptions, AClassThatTheModelDoesNotHaveIsAnError) {
    const auto refused = detector_from_graph(tiny_graph(), {.classes = {"a", "spur"}});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("'spur'"), HasSubstr("a, b, c"), Not(HasSubstr("\n"))));
}

TEST(DetectorOptions, ClassesWithoutNamesGoByNumber) {
    Graph graph = tiny_graph();
    graph.metadata.erase("labels");
    const Pixels picture = noise(180, 150, 3);
    const auto all = require(require(detector_from_graph(graph, {})).run(picture.view())).detections;
    const int wanted = *labels_of(all).begin();
    const auto some =
        require(
            require(detector_from_graph(graph, {.classes = {"class " + std::to_string(wanted)}})).run(picture.view()))
            .detections;
    EXPECT_EQ(labels_of(some), std::set<int>{wanted});
    for (const char* name : {"a", "class ", "class 0", "class -1", "class 1x", "class 99999999999"}) {
        EXPECT_FALSE(detector_from_graph(graph, {.classes = {name}}).ok()) << name;
    }
}

TEST(DetectorOptions, WarmingUpPreparesASizeAndChangesNothing) {
    const Pixels picture = noise(180, 150, 3);
    const auto expected = require(tiny_detector({.threads = 1}).run(picture.view())).detections;
    const Detector detector = tiny_detector({.threads = 1, .pictures_per_run = 3});
    const std::size_t cold = detector.memory_use().now;
    require(detector.warm_up(180, 150, 3));
    const std::size_t peak = detector.memory_use().peak;
    EXPECT_GT(detector.memory_use().now, cold);
    EXPECT_EQ(require(detector.run(picture.view())).detections, expected);
    EXPECT_LE(detector.memory_use().peak, peak + peak / 20); // a plan for one picture comes to it
    for (const auto& [width, height, batch] :
         {std::array{0, 5, 1}, std::array{5, 0, 1}, std::array{5, 5, 0}, std::array{-1, 5, 1}}) {
        const auto refused = detector.warm_up(width, height, batch);
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    }
}

/// What a detector of all scores finds, without what the rule leaves out.
template <class Rule>
std::vector<Detection> all_that(const Pixels& picture, const Rule& keep) {
    std::vector<Detection> kept;
    for (const Detection& detection : require(tiny_detector().run(picture.view())).detections) {
        if (keep(detection)) kept.push_back(detection);
    }
    return kept;
}

/// Scores between which some detections of class 1 ("a") and of others lie.
struct Between {
    float low = 0.0F;
    float high = 0.0F;
};
Between between(const Pixels& picture) {
    std::vector<float> scores;
    for (const Detection& detection : all_that(picture, [](const Detection& d) { return d.label == 1; }))
        scores.push_back(detection.score);
    return {scores.at(scores.size() * 3 / 4), scores.at(scores.size() / 4)};
}

TEST(DetectorOptions, AClassMayHaveAScoreOfItsOwn) {
    const Pixels picture = noise(180, 150, 3);
    const auto [low, high] = between(picture);
    ASSERT_LT(low, high);
    for (const auto& scores : {std::pair(high, low), std::pair(low, high)}) {
        const float own = scores.first;
        const float others = scores.second;
        const Detector detector = tiny_detector({.min_score = others, .class_scores = {{"a", own}}});
        const auto expected =
            all_that(picture, [&](const Detection& d) { return d.score >= (d.label == 1 ? own : others); });
        EXPECT_EQ(require(detector.run(picture.view())).detections, expected);
        EXPECT_EQ(detector.min_score(1), own);
        EXPECT_EQ(detector.min_score(2), others);
        EXPECT_EQ(detector.min_score(0), others);
    }
}

Result<Detector> with_scores(const std::string& carried, const DetectorOptions& options = {}) {
    Graph graph = tiny_graph();
    graph.metadata["class_scores"] = carried;
    return detector_from_graph(std::move(graph), options);
}

TEST(DetectorOptions, AModelMayCarryScores) {
    const Detector plain = require(with_scores("a=0.7,c=0.2"));
    EXPECT_EQ(plain.min_score(1), 0.7F);
    EXPECT_EQ(plain.min_score(2), 0.0F);
    EXPECT_EQ(plain.min_score(3), 0.2F);
    const Detector both = require(with_scores("a=0.7,c=0.2", {.min_score = 0.5F}));
    EXPECT_EQ(both.min_score(1), 0.7F);
    EXPECT_EQ(both.min_score(2), 0.5F);
    EXPECT_EQ(both.min_score(3), 0.5F) << "the model's is a lower bound";
    const Detector in_place =
        require(with_scores("a=0.7,c=0.2", {.min_score = 0.5F, .model_scores = ModelScores::in_place_of_min_score}));
    EXPECT_EQ(in_place.min_score(2), 0.5F);
    EXPECT_EQ(in_place.min_score(3), 0.2F);
    const Detector ignored =
        require(with_scores("a=0.7,c=0.2", {.min_score = 0.5F, .model_scores = ModelScores::ignored}));
    EXPECT_EQ(ignored.min_score(1), 0.5F);
    const Detector given = require(with_scores("a=0.7,c=0.2", {.min_score = 0.5F, .class_scores = {{"a", 0.1F}}}));
    EXPECT_EQ(given.min_score(1), 0.1F) << "a word on the class itself goes before all others";
    EXPECT_EQ(given.min_score(3), 0.5F);

    const Pixels picture = noise(180, 150, 3);
    const float high = between(picture).high;
    EXPECT_EQ(
        require(require(with_scores(to_text(ClassScores{.by_name = {{"a", high}}}))).run(picture.view())).detections,
        all_that(picture, [&](const Detection& d) { return d.label != 1 || d.score >= high; }));
}

TEST(DetectorOptions, ScoresThatMakeNoSenseAreErrors) {
    for (const auto& [name, score] : {std::pair("spur", 0.5F), {"a", 1.5F}, {"a", -0.1F}, {"a", std::nanf("")}}) {
        const auto refused = detector_from_graph(tiny_graph(), {.class_scores = {{name, score}}});
        ASSERT_FALSE(refused.ok()) << name << score;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
        EXPECT_THAT(refused.error().message, HasSubstr("'" + std::string(name) + "'"));
    }
    for (const char* carried : {"spur=0.5", "a=2", "a", "", "0.5", "a=0.5,0.5"}) {
        const auto refused = with_scores(carried);
        ASSERT_FALSE(refused.ok()) << carried;
        EXPECT_EQ(refused.error().code, ErrorCode::bad_model);
        EXPECT_THAT(refused.error().message, testing::StartsWith("the model's class_scores: "));
    }
    EXPECT_TRUE(with_scores("spur=0.5", {.model_scores = ModelScores::ignored}).ok());
}

TEST(DetectorOptions, ScoresOfClassesWithoutNamesGoByNumber) {
    Graph graph = tiny_graph();
    graph.metadata.erase("labels");
    const Detector detector = require(detector_from_graph(std::move(graph), {.class_scores = {{"class 2", 0.5F}}}));
    EXPECT_EQ(detector.min_score(2), 0.5F);
    EXPECT_EQ(detector.min_score(1), 0.0F);
}

} // namespace
} // namespace detect::test
