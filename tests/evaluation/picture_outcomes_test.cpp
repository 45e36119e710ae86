// SPDX-License-Identifier: Apache-2.0
#include "evaluation/picture_outcomes.h"

#include "evaluation/region.h"
#include "tests/evaluation/made_up.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

const CocoBox here{0, 0, 20, 20};
const CocoBox there{100, 0, 20, 20};
const CocoBox nowhere{200, 0, 20, 20};

std::vector<PictureOutcome> outcomes(const Dataset& dataset, const std::vector<DetectedBox>& detections) {
    const Findings findings(dataset, detections);
    return worst_pictures(findings, find_errors(findings, 0.5, 0.5), 0.5);
}

std::vector<std::string> order(const Dataset& dataset, const std::vector<DetectedBox>& detections) {
    std::vector<std::string> names;
    for (const PictureOutcome& picture : outcomes(dataset, detections))
        names.push_back(dataset.images[picture.image].file_name);
    return names;
}

TEST(PictureOutcomes, CountWhatBecameOfAPicture) {
    Annotation crowd = object({300, 0, 50, 50});
    crowd.crowd = true;
    const Dataset dataset = one_image(2, {object(here), object(there), object({0, 100, 20, 20}), crowd});
    // One is found, one taken for the other class, one missed; a false alarm, one below the score, one in the crowd.
    const auto pictures = outcomes(dataset, {found(here, 0.9), found(there, 0.8, 1), found(nowhere, 0.7),
                                             found({0, 100, 20, 20}, 0.4), found({310, 10, 20, 20}, 0.6)});
    ASSERT_EQ(pictures.size(), 1U);
    const PictureOutcome& picture = pictures[0];
    EXPECT_EQ(picture.objects, 3U);
    EXPECT_EQ(picture.found, 1U);
    EXPECT_EQ(picture.missed, 2U);
    EXPECT_EQ(picture.false_alarms, 2U);
    EXPECT_EQ(picture.wrong_class, 1U);
    EXPECT_EQ(picture.reported, 4U);
    EXPECT_DOUBLE_EQ(picture.false_alarm_scores, 0.8 + 0.7);
    EXPECT_TRUE(picture.has_crowd);
}

TEST(PictureOutcomes, ComeWorstFirst) {
    Dataset dataset = images(7, 1, {object(here, 0, 0), object(here, 0, 2), object(there, 0, 2), object(here, 0, 5)});
    const std::vector<DetectedBox> detections{
        found(here, 0.9, 0, 0),    // 1.png: all right
        found(nowhere, 0.6, 0, 1), // 2.png: a false alarm
                                   // 3.png: two misses
        found(nowhere, 0.9, 0, 3), // 4.png: a surer false alarm
        found(nowhere, 0.5, 0, 4), // 5.png: two false alarms, whatever their scores
        found(there, 0.5, 0, 4),
        // 6.png: a miss
    }; // 7.png: all right
    EXPECT_THAT(order(dataset, detections),
                testing::ElementsAre("3.png", "6.png", "5.png", "4.png", "2.png", "1.png", "7.png"));
    dataset.images[6].file_name = "0.png";
    EXPECT_THAT(order(dataset, detections),
                testing::ElementsAre("3.png", "6.png", "5.png", "4.png", "2.png", "0.png", "1.png"))
        << "equals go by name";
}

TEST(PictureRatesTest, CountPicturesAsALineDoes) {
    Annotation crowd = object(here, 0, 6);
    crowd.crowd = true;
    const Dataset dataset = images(
        8, 1,
        {object(here, 0, 0), object(here, 0, 1), object(there, 0, 1), object(here, 0, 2), object(here, 0, 3), crowd});
    const auto pictures = outcomes(dataset, {
                                                found(here, 0.9, 0, 0),    // found
                                                found(here, 0.9, 0, 1),    // one of two
                                                found(nowhere, 0.9, 0, 2), // nothing found, but stopped
                                                                           // 3: passes as good
                                                found(here, 0.9, 0, 4),    // good, and stopped
                                                found(here, 0.4, 0, 5),    // good: too faint to count
                                                found(here, 0.9, 0, 6),    // a crowd alone: neither
                                            });                            // 7: good
    const PictureRates rates = picture_rates(pictures);
    EXPECT_EQ(rates.with_objects, 4U);
    EXPECT_EQ(rates.with_a_miss, 3U);
    EXPECT_EQ(rates.with_nothing_found, 2U);
    EXPECT_EQ(rates.passed_as_good, 1U);
    EXPECT_EQ(rates.without_objects, 3U);
    EXPECT_EQ(rates.called_defective, 1U);
    EXPECT_EQ(rates.with_crowds_only, 1U);
    EXPECT_DOUBLE_EQ(rates.escape_rate().value(), 3.0 / 4.0);
    EXPECT_DOUBLE_EQ(rates.nothing_found_rate().value(), 2.0 / 4.0);
    EXPECT_DOUBLE_EQ(rates.board_escape_rate().value(), 1.0 / 4.0);
    EXPECT_DOUBLE_EQ(rates.overkill_rate().value(), 1.0 / 3.0);
    EXPECT_DOUBLE_EQ(rates.false_alarms_per_picture().value(), 2.0 / 8.0);
    EXPECT_FALSE(picture_rates({}).escape_rate());
    EXPECT_FALSE(picture_rates({}).overkill_rate());
    EXPECT_FALSE(picture_rates({}).false_alarms_per_picture());
}

TEST(Region, DecidesByTheCentre) {
    const std::vector<PixelRect> regions{{0, 0, 100, 50}};
    Annotation crowd = object({500, 500, 10, 10});
    crowd.crowd = true;
    // Inside; across the border with the centre inside; with the centre just outside (100 is the first column beyond);
    // far away; a crowd far away, which stays.
    Dataset dataset = one_image(1, {object({10, 10, 10, 10}), object({80, 10, 30, 10}), object({90, 10, 20, 10}),
                                    object({300, 10, 10, 10}), crowd});
    const RegionCut cut = restrict_to(regions, dataset);
    EXPECT_EQ(cut.objects_outside, 2U);
    EXPECT_EQ(cut.objects_across, 2U);
    ASSERT_EQ(dataset.annotations.size(), 3U);
    EXPECT_EQ(dataset.annotations[1].box, (CocoBox{80, 10, 30, 10}));
    EXPECT_TRUE(dataset.annotations[2].crowd);
    std::vector<DetectedBox> detections{found({80, 10, 30, 10}, 0.9), found({90, 10, 20, 10}, 0.9)};
    EXPECT_EQ(restrict_to(regions, detections), 1U);
    ASSERT_EQ(detections.size(), 1U);
    EXPECT_EQ(detections[0].box.x, 80.0);
}

TEST(Region, WhatLiesWholeInOneOfSeveralCrossesNoBorder) {
    const std::vector<PixelRect> regions{{0, 0, 100, 100}, {50, 0, 100, 100}};
    Dataset dataset = one_image(1, {object({90, 10, 20, 10})}); // leaves the first, lies in the second
    EXPECT_EQ(restrict_to(regions, dataset).objects_across, 0U);
    EXPECT_EQ(dataset.annotations.size(), 1U);
}

} // namespace
} // namespace detect::evaluation
