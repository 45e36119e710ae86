// SPDX-License-Identifier: Apache-2.0
#include "evaluation/evaluation.h"
#include "tests/evaluation/made_up.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

using testing::DoubleNear;
using testing::Optional;

constexpr double close = 1e-12;

TEST(Overlap, IsIntersectionOverUnion) {
    // 5 × 10 of 10 × 10 + 10 × 10 − 50.
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150.0);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {0, 0, 10, 10}), 1.0);
    EXPECT_EQ(overlap({0, 0, 10, 10}, {10, 0, 10, 10}), 0.0);
    EXPECT_EQ(overlap({0, 0, 10, 10}, {20, 20, 10, 10}), 0.0);
}

TEST(Overlap, OfACrowdIsTheShareOfTheDetectionInIt) {
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {5, 0, 100, 100}, true), 0.5);
}

TEST(Overlap, OfEmptyBoxesIsNothing) { EXPECT_EQ(overlap({5, 5, 0, 0}, {0, 0, 10, 10}), 0.0); }

/// Many boxes are sorted before they are compared; the overlaps are those of all pairs.
TEST(Findings, ManyBoxesGiveTheOverlapsOfAllPairs) {
    std::mt19937 random(14);
    const auto number = [&](double most) { return most * static_cast<double>(random() % 10000) / 10000.0; };
    std::vector<Annotation> objects;
    std::vector<DetectedBox> detections;
    for (int i = 0; i < 300; ++i) {
        // Some are wide, some empty, some lie exactly beside each other.
        const double width = i % 10 == 0 ? 400.0 : i % 17 == 0 ? 0.0 : 8.0;
        objects.push_back(object({std::floor(number(500.0)), number(100.0), width, 20.0}));
        objects.back().crowd = i % 13 == 0;
        detections.push_back(found({std::floor(number(500.0)), number(100.0), 8.0, 20.0}, number(1.0)));
    }
    const Dataset dataset = one_image(1, objects);
    const Findings findings(dataset, detections);
    ASSERT_TRUE(findings.check().ok());
    const Case& one = findings.cases(0).front();
    std::size_t overlapping = 0;
    for (std::size_t i = 0; i < detections.size(); ++i) {
        std::vector<std::pair<std::size_t, double>> expected;
        for (std::size_t k = 0; k < objects.size(); ++k) {
            const double iou = overlap(detections[one.detections[i]].box, objects[k].box, objects[k].crowd);
            if (iou > 0.0) expected.emplace_back(k, iou);
        }
        std::vector<std::pair<std::size_t, double>> kept;
        for (const Overlap& each : one.overlaps_of(i)) kept.emplace_back(each.object, each.iou);
        ASSERT_EQ(kept, expected) << i;
        overlapping += kept.size();
    }
    EXPECT_GT(overlapping, 1000U);
}

TEST(Findings, WhatIsBeyondTheLimitsIsAnError) {
    const std::vector<CocoBox> place(200, {0, 0, 10, 10});
    std::vector<Annotation> objects;
    std::vector<DetectedBox> detections;
    for (const CocoBox& box : place) {
        objects.push_back(object(box, 0));
        detections.push_back(found(box, 0.5, detections.size() % 2));
    }
    const Dataset dataset = one_image(2, objects);
    const auto message = [&](const FindingsLimits& limits) {
        const auto checked = Findings(dataset, detections, limits).check();
        return checked ? std::string() : checked.error().message;
    };
    EXPECT_EQ(message({}), "");
    EXPECT_THAT(message({.pairs = 19'999}), testing::HasSubstr("have more than 19999 pairs of boxes to compare"));
    EXPECT_EQ(message({.pairs = 20'000}), "");
    EXPECT_THAT(message({.comparisons = 19'999}), testing::HasSubstr("more than 19999 pairs"));
    EXPECT_THAT(message({.pairs_in_picture = 39'999}),
                testing::HasSubstr("of the image with id 1 have more than 39999"));
    EXPECT_EQ(message({.pairs_in_picture = 40'000}), "");
}

/// Twenty thousand of each, side by side: some comparisons of each, not of all with all.
TEST(Findings, ComparesWhatIsNearAlone) {
    std::vector<Annotation> objects;
    std::vector<DetectedBox> detections;
    for (std::size_t i = 0; i < 20'000; ++i) {
        const CocoBox box{static_cast<double>(i) * 10.0, 0.0, 9.0, 9.0};
        objects.push_back(object(box));
        detections.push_back(found(box, 0.5));
    }
    const Dataset dataset = one_image(1, objects);
    EXPECT_TRUE(Findings(dataset, detections, {.pairs_in_picture = 1 << 20, .comparisons = 80'000}).check().ok());
}

TEST(ConfusionMatrix, ThousandsOfCategoriesTakeWhatIsInThem) {
    constexpr std::size_t categories = 1'000'000;
    ConfusionMatrix matrix(categories);
    matrix.add(5, 7);
    matrix.add(5, 7);
    matrix.add(5, matrix.background());
    EXPECT_EQ(matrix.at(5, 7), 2U);
    EXPECT_EQ(matrix.at(7, 5), 0U);
    EXPECT_EQ(matrix.of_truth(5), 3U);
    EXPECT_EQ(matrix.of_reported(7), 2U);
    EXPECT_EQ(matrix.counts().size(), 2U);
}

TEST(Match, GivesTheObjectToTheBestScore) {
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({1, 0, 10, 10}, 0.6), found({2, 0, 10, 10}, 0.9)};
    const Findings findings(dataset, detections);
    const Case& one = findings.cases(0).front();
    ASSERT_THAT(one.detections, testing::ElementsAre(1, 0));
    const Matching matching = match(findings, one, 0.5);
    EXPECT_THAT(matching.object_of, testing::ElementsAre(Optional(0), std::nullopt));
}

TEST(Match, OfEqualScoresTheFirstInTheListComesFirst) {
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({3, 0, 10, 10}, 0.7), found({0, 0, 10, 10}, 0.7)};
    const Findings findings(dataset, detections);
    EXPECT_THAT(findings.cases(0).front().detections, testing::ElementsAre(0, 1));
}

TEST(Match, OfEqualOverlapsTakesTheLastObject) {
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10}), object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.7)};
    const Findings findings(dataset, detections);
    EXPECT_THAT(match(findings, findings.cases(0).front(), 0.5).object_of, testing::ElementsAre(Optional(1)));
}

TEST(Match, OverlapOfJustTheThresholdCounts) {
    // 60 of 100: IoU 60 / 100.
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({0, 0, 6, 10}, 0.7)};
    const Findings findings(dataset, detections);
    EXPECT_THAT(match(findings, findings.cases(0).front(), 0.6).object_of, testing::ElementsAre(Optional(0)));
    EXPECT_THAT(match(findings, findings.cases(0).front(), 0.61).object_of, testing::ElementsAre(std::nullopt));
}

TEST(Match, ManyDetectionsInACrowdAreIgnored) {
    Dataset dataset = one_image(1, {object({0, 0, 100, 100}), object({200, 0, 10, 10})});
    dataset.annotations[0].crowd = true;
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.9), found({20, 0, 10, 10}, 0.8),
                                              found({200, 0, 10, 10}, 0.7), found({400, 0, 10, 10}, 0.6)};
    const Findings findings(dataset, detections);
    const Ranking ranking = rank(findings, 0, 0.5);
    EXPECT_EQ(ranking.objects, 1U);
    ASSERT_EQ(ranking.detections.size(), 2U);
    EXPECT_TRUE(ranking.detections[0].correct);
    EXPECT_FALSE(ranking.detections[1].correct);
}

TEST(Match, SizesAtABoundBelongToBothSides) {
    const Dataset dataset = one_image(1, {object({0, 0, 32, 32})});
    const std::vector<DetectedBox> detections{found({0, 0, 32, 32}, 0.9), found({500, 0, 32, 32}, 0.8)};
    const Findings findings(dataset, detections);
    for (const AreaRange& range : {AreaRange{0, 1024}, AreaRange{1024, 9216}}) {
        const Ranking ranking = rank(findings, 0, 0.5, range);
        EXPECT_EQ(ranking.objects, 1U);
        EXPECT_EQ(ranking.detections.size(), 2U);
    }
    const Ranking outside = rank(findings, 0, 0.5, {1025, 9216});
    EXPECT_EQ(outside.objects, 0U);
    EXPECT_TRUE(outside.detections.empty());
}

/// Two objects; from the best score down: right, wrong, right.
struct RightWrongRight {
    Dataset dataset = one_image(1, {object({0, 0, 10, 10}), object({50, 0, 10, 10})});
    std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.9), found({100, 0, 10, 10}, 0.8),
                                        found({50, 0, 10, 10}, 0.3)};
    Findings findings{dataset, detections};
};

TEST(AveragePrecision, SamplesTheEnvelopeAt101Recalls) {
    const RightWrongRight example;
    const Ranking ranking = rank(example.findings, 0, 0.5);
    const auto precision = precision_at_recalls(ranking);
    EXPECT_NEAR(precision[0], 1.0, close);
    EXPECT_NEAR(precision[50], 1.0, close);
    EXPECT_NEAR(precision[51], 2.0 / 3.0, close);
    EXPECT_NEAR(precision[100], 2.0 / 3.0, close);
    // 51 points at 1, 50 at 2/3.
    EXPECT_THAT(average_precision(ranking), Optional(DoubleNear((51.0 + 50.0 * 2.0 / 3.0) / 101.0, close)));
}

TEST(AveragePrecision, IsNothingWithoutObjectsAndZeroWithoutDetections) {
    const Dataset empty = one_image(1, {});
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.9)};
    EXPECT_EQ(average_precision(rank(Findings(empty, detections), 0, 0.5)), std::nullopt);
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    EXPECT_THAT(average_precision(rank(Findings(dataset, {}), 0, 0.5)), Optional(0.0));
    EXPECT_THAT(recall(rank(Findings(dataset, {}), 0, 0.5)), Optional(0.0));
}

TEST(Counts, AreThoseOfAScoreAndAbove) {
    const RightWrongRight example;
    const Ranking ranking = rank(example.findings, 0, 0.5);
    const Counts counts = counts_at(ranking, 0.8); // the score itself belongs to it
    EXPECT_EQ(counts.correct, 1U);
    EXPECT_EQ(counts.false_alarms, 1U);
    EXPECT_EQ(counts.missed, 1U);
    EXPECT_THAT(counts.precision(), Optional(0.5));
    EXPECT_THAT(counts.recall(), Optional(0.5));
    EXPECT_THAT(counts.f1(), Optional(0.5));
    EXPECT_EQ(counts_at(ranking, 0.95).precision(), std::nullopt);
}

TEST(BestF1, IsAtTheScoreThatBalancesMissesAndFalseAlarms) {
    const RightWrongRight example;
    const auto best = best_f1(rank(example.findings, 0, 0.5));
    // F1 at .9: 2/3; at .8: 2/4; at .3: 4/5.
    ASSERT_TRUE(best.has_value());
    EXPECT_DOUBLE_EQ(best->score, 0.3);
    EXPECT_THAT(best->counts.f1(), Optional(DoubleNear(0.8, close)));
}

TEST(BestF1, DetectionsOfOneScoreComeAndGoTogether) {
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.5), found({50, 0, 10, 10}, 0.5)};
    const auto best = best_f1(rank(Findings(dataset, detections), 0, 0.5));
    ASSERT_TRUE(best.has_value());
    EXPECT_EQ(best->counts.false_alarms, 1U);
}

TEST(BestF1, IsNothingIfNothingIsFound) {
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({50, 0, 10, 10}, 0.5)};
    EXPECT_FALSE(best_f1(rank(Findings(dataset, detections), 0, 0.5)).has_value());
}

TEST(DeepPcb, AThirdOfOverlapIsEnough) {
    // IoU 4 / 10.
    const Dataset dataset = one_image(1, {object({0, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({0, 0, 4, 10}, 0.9)};
    const Evaluation evaluation = evaluate(Findings(dataset, detections), {});
    EXPECT_THAT(evaluation.deeppcb.mean_ap, Optional(DoubleNear(1.0, close)));
    EXPECT_THAT(evaluation.deeppcb.counts.f1(), Optional(1.0));
    EXPECT_THAT(evaluation.coco.ap50, Optional(0.0));
    EXPECT_THAT(evaluation.counts.f1(), Optional(0.0));
}

TEST(Confusion, TellsMistakesFromMissesAndFalseAlarms) {
    const Dataset dataset =
        one_image(3, {object({0, 0, 10, 10}, 0), object({50, 0, 10, 10}, 0), object({100, 0, 10, 10}, 1)});
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.9, 0),   // right
                                              found({0, 0, 10, 10}, 0.95, 2),  // a second name for the same object
                                              found({50, 0, 10, 10}, 0.8, 2),  // 0 taken for 2
                                              found({100, 0, 10, 10}, 0.2, 1), // too faint
                                              found({200, 0, 10, 10}, 0.7, 1)};
    const ConfusionMatrix matrix = confusion_matrix(Findings(dataset, detections), 0.5, 0.5);
    ASSERT_EQ(matrix.size(), 4U);
    EXPECT_EQ(matrix.at(0, 0), 1U);
    EXPECT_EQ(matrix.at(0, 2), 1U);
    EXPECT_EQ(matrix.at(1, matrix.background()), 1U);
    EXPECT_EQ(matrix.at(matrix.background(), 1), 1U);
    EXPECT_EQ(matrix.at(matrix.background(), 2), 1U);
    std::size_t sum = 0;
    for (std::size_t row = 0; row < 4; ++row) {
        for (std::size_t column = 0; column < 4; ++column) sum += matrix.at(row, column);
    }
    EXPECT_EQ(sum, 5U);
}

TEST(Confusion, PairsAnObjectWithOneReportOnly) {
    const Dataset dataset = one_image(3, {object({0, 0, 10, 10}, 0)});
    const std::vector<DetectedBox> detections{found({1, 0, 10, 10}, 0.9, 1), found({0, 0, 10, 10}, 0.8, 2)};
    const ConfusionMatrix matrix = confusion_matrix(Findings(dataset, detections), 0.5, 0.5);
    EXPECT_EQ(matrix.at(0, 2), 1U) << "the one that overlaps more";
    EXPECT_EQ(matrix.at(0, 1), 0U);
    EXPECT_EQ(matrix.at(matrix.background(), 1), 1U);
    EXPECT_EQ(matrix.at(matrix.background(), 2), 0U);
}

TEST(Errors, SayWhy) {
    const Dataset dataset = one_image(2, {object({0, 0, 10, 10}), object({50, 0, 10, 10}), object({100, 0, 10, 10})});
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.4),   // faint
                                              found({56, 0, 10, 10}, 0.9),  // IoU 4/16
                                              found({100, 0, 10, 10}, 0.9), // right
                                              found({101, 0, 10, 10}, 0.8)};
    const Errors errors = find_errors(Findings(dataset, detections), 0.5, 0.5);
    ASSERT_EQ(errors.misses.size(), 2U);
    ASSERT_TRUE(errors.misses[0].too_faint.has_value());
    EXPECT_EQ(errors.misses[0].too_faint->index, 0U);
    ASSERT_TRUE(errors.misses[1].too_far_off.has_value());
    EXPECT_DOUBLE_EQ(errors.misses[1].too_far_off->iou, 0.25);
    ASSERT_EQ(errors.false_alarms.size(), 2U);
    EXPECT_TRUE(errors.false_alarms[0].too_far_off.has_value());
    EXPECT_TRUE(errors.false_alarms[1].found_twice.has_value());
    ASSERT_EQ(errors.hits.size(), 1U);
    EXPECT_EQ(errors.hits[0].object, 2U);
}

TEST(WorstMisses, BeginWithWhatNothingWasReportedOf) {
    const Dataset dataset =
        one_image(2, {object({0, 0, 10, 10}, 0), object({50, 0, 10, 10}, 0), object({100, 0, 10, 10}, 1)});
    const std::vector<DetectedBox> detections{found({0, 0, 10, 10}, 0.4, 0)};
    const Findings findings(dataset, detections);
    const Errors errors = find_errors(findings, 0.5, 0.5);
    const auto misses = worst_misses(findings, errors, 10);
    ASSERT_EQ(misses.size(), 3U);
    // The worst of class 0, that of class 1, then the faint one.
    EXPECT_EQ(misses[0].object, 1U);
    EXPECT_EQ(misses[1].object, 2U);
    EXPECT_EQ(misses[2].object, 0U);
    EXPECT_EQ(worst_misses(findings, errors, 2).size(), 2U);
}

TEST(WorstFalseAlarms, AreTheHighestScoresOfEachClassInTurn) {
    const Dataset dataset = one_image(2, {object({0, 0, 10, 10}, 0)});
    const std::vector<DetectedBox> detections{found({50, 0, 10, 10}, 0.7, 0), found({0, 0, 10, 10}, 0.99, 0),
                                              found({100, 0, 10, 10}, 0.9, 0), found({150, 0, 10, 10}, 0.6, 1),
                                              found({200, 0, 10, 10}, 0.4, 1)};
    const Findings findings(dataset, detections);
    const auto alarms = worst_false_alarms(findings, find_errors(findings, 0.5, 0.5), 10);
    // The hit (1) and what is below the chosen score (4) are none.
    ASSERT_EQ(alarms.size(), 3U);
    EXPECT_EQ(alarms[0].detection, 2U);
    EXPECT_EQ(alarms[1].detection, 3U);
    EXPECT_EQ(alarms[2].detection, 0U);
}

} // namespace
} // namespace detect::evaluation
