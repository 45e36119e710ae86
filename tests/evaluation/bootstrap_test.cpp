// SPDX-License-Identifier: Apache-2.0
#include "evaluation/bootstrap.h"

#include "evaluation/evaluation.h"
#include "tests/evaluation/made_up.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

/// Boxes, scores and crowds at random; the same for every run. Scores are often the same in several pictures, never in
/// one.
struct RandomData {
    Dataset dataset;
    std::vector<DetectedBox> detections;
};

RandomData random_data(std::size_t pictures, unsigned seed) {
    std::mt19937 engine(seed);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(engine() % limit); };
    RandomData data{.dataset = images(pictures, 3, {}), .detections = {}};
    for (std::size_t image = 0; image < pictures; ++image) {
        for (unsigned i = 0; i < below(6); ++i) {
            const CocoBox box{40.0 * i, 10.0 * below(4), 20.0, 20.0};
            const std::size_t category = below(2); // the third has no objects
            Annotation truth = object(box, category, image);
            truth.crowd = below(6) == 0;
            data.dataset.annotations.push_back(truth);
            if (below(4) > 0) {
                const CocoBox near{box.x + below(8), box.y, 20.0, 20.0};
                data.detections.push_back(
                    found(near, 0.1 * below(10) + 0.001 * i, below(5) == 0 ? 2 : category, image));
            }
        }
        if (below(2) == 0) data.detections.push_back(found({300, 300, 9, 9}, 0.1 * below(10) + 0.01, below(3), image));
    }
    return data;
}

Evaluation evaluated(const RandomData& data) { return evaluate(Findings(data.dataset, data.detections), {}); }

ResampledFigures resampled(const RandomData& data) {
    const Findings findings(data.dataset, data.detections);
    return {findings, evaluate(findings, {}).pictures};
}

/// Image i `weights[i]` times, copies next to each other.
RandomData copied(const RandomData& data, const std::vector<std::uint32_t>& weights) {
    RandomData copies{.dataset = images(0, data.dataset.categories.size(), {}), .detections = {}};
    for (std::size_t image = 0; image < weights.size(); ++image) {
        for (std::uint32_t copy = 0; copy < weights[image]; ++copy) {
            const std::size_t position = copies.dataset.images.size();
            copies.dataset.images.push_back({static_cast<std::int64_t>(position), std::to_string(position)});
            for (Annotation truth : data.dataset.annotations) {
                if (truth.image != image) continue;
                truth.image = position;
                copies.dataset.annotations.push_back(truth);
            }
            for (DetectedBox detection : data.detections) {
                if (detection.image != image) continue;
                detection.image = position;
                copies.detections.push_back(detection);
            }
        }
    }
    return copies;
}

TEST(ResampledFiguresTest, OfAllPicturesAreTheFiguresThemselves) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        const RandomData data = random_data(12, seed);
        const std::vector<std::uint32_t> once(12, 1);
        EXPECT_EQ(resampled(data).at(once), evaluated(data).headline()) << seed;
    }
}

TEST(ResampledFiguresTest, AreToTheBitThoseOfADatasetWithCopies) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        const RandomData data = random_data(9, seed);
        std::mt19937 engine(seed + 1000);
        std::vector<std::uint32_t> weights(9);
        for (std::uint32_t& weight : weights) weight = static_cast<std::uint32_t>(engine() % 4);
        EXPECT_EQ(resampled(data).at(weights), evaluated(copied(data, weights)).headline()) << seed;
    }
}

TEST(ResampledFiguresTest, WithoutObjectsThereIsNoFigure) {
    const RandomData nothing{.dataset = images(2, 1, {}), .detections = {}};
    const HeadlineFigures figures = resampled(nothing).at(std::vector<std::uint32_t>{1, 1});
    EXPECT_THAT(figures, testing::Each(std::nullopt));
}

/// `count` pictures with an object each; those in `found_in` have it found.
RandomData one_each(std::size_t count, const std::vector<std::size_t>& found_in) {
    RandomData data{.dataset = images(count, 1, {}), .detections = {}};
    for (std::size_t image = 0; image < count; ++image)
        data.dataset.annotations.push_back(object({0, 0, 20, 20}, 0, image));
    for (const std::size_t image : found_in) data.detections.push_back(found({0, 0, 20, 20}, 0.9, 0, image));
    return data;
}

std::vector<std::size_t> first(std::size_t count) {
    std::vector<std::size_t> positions(count);
    for (std::size_t i = 0; i < count; ++i) positions[i] = i;
    return positions;
}

Bootstrap bootstrap_of(const std::vector<RandomData>& models, std::size_t resamples = usual_resamples) {
    std::vector<ResampledFigures> figures;
    std::vector<HeadlineFigures> headlines;
    for (const RandomData& model : models) {
        figures.push_back(resampled(model));
        headlines.push_back(evaluated(model).headline());
    }
    return bootstrap(figures, headlines, models.front().dataset.images.size(), resamples);
}

TEST(BootstrapTest, TheIntervalIsThatOfTheDrawnPictures) {
    // Of 100 pictures 80 are found and none is a false alarm: F1 is 2f / (f + 100), where f, the found ones of a
    // resample, is binomial (100, 0.8): P(f <= 71) = 0.020, P(f <= 72) = 0.034, P(f <= 87) = 0.975 - 0.0003,
    // P(f <= 88) = 0.987.
    const Bootstrap result = bootstrap_of({one_each(100, first(80))}, 20000);
    const auto interval = result.intervals.at(0)[headline_f1];
    ASSERT_TRUE(interval);
    EXPECT_DOUBLE_EQ(interval->low, 2.0 * 72 / 172);
    EXPECT_DOUBLE_EQ(interval->high, 2.0 * 88 / 188);
    EXPECT_EQ(interval->resamples, 20000U);
    EXPECT_FALSE(result.is_rough());
}

TEST(BootstrapTest, TheSameInputGivesTheSameBits) {
    const RandomData data = random_data(30, 7);
    const Bootstrap a = bootstrap_of({data});
    const Bootstrap b = bootstrap_of({data});
    for (std::size_t figure = 0; figure < headline_count; ++figure) {
        ASSERT_TRUE(a.intervals[0][figure]);
        EXPECT_EQ(a.intervals[0][figure]->low, b.intervals[0][figure]->low);
        EXPECT_EQ(a.intervals[0][figure]->high, b.intervals[0][figure]->high);
        EXPECT_LT(a.intervals[0][figure]->low, a.intervals[0][figure]->high);
    }
}

TEST(BootstrapTest, NoWinnerWithinNoise) {
    // One picture of 40 more: a resample holds it with 1 - (39/40)^40 = 64 %, so more than 2.5 % are without it.
    const Bootstrap result = bootstrap_of({one_each(40, first(30)), one_each(40, first(31))});
    ASSERT_EQ(result.differences.size(), 1U);
    const auto difference = result.differences[0].figures[headline_f1];
    ASSERT_TRUE(difference);
    EXPECT_GT(difference->value, 0.0);
    EXPECT_EQ(difference->interval.low, 0.0);
    EXPECT_GT(difference->interval.high, difference->value);
    EXPECT_FALSE(difference->beyond_chance);
    EXPECT_FALSE(result.winner(headline_f1));
}

TEST(BootstrapTest, AModelThatIsBetterBeyondChanceWins) {
    const Bootstrap result = bootstrap_of({one_each(40, first(20)), one_each(40, first(38)), one_each(40, first(21))});
    ASSERT_EQ(result.differences.size(), 3U);
    EXPECT_EQ(result.winner(headline_f1), 1U);
    EXPECT_EQ(result.winner(headline_ap), 1U);
    // Two that are equally good at the top have no winner among them.
    const Bootstrap tie = bootstrap_of({one_each(40, first(38)), one_each(40, first(20)), one_each(40, first(38))});
    EXPECT_FALSE(tie.winner(headline_f1));
    const auto same = tie.differences[1]; // the third less the first
    EXPECT_EQ(same.model, 2U);
    EXPECT_EQ(same.other, 0U);
    EXPECT_EQ(same.figures[headline_f1]->interval.low, 0.0);
    EXPECT_EQ(same.figures[headline_f1]->interval.high, 0.0);
}

TEST(BootstrapTest, PairsShareTheirPictures) {
    // The second finds what the first does, and one picture in each two more. Alone, both vary much more.
    const Bootstrap result = bootstrap_of({one_each(40, first(20)), one_each(40, first(30))});
    const auto difference = result.differences[0].figures[headline_f1]->interval;
    const auto alone = result.intervals[0][headline_f1];
    EXPECT_LT(difference.high - difference.low, alone->high - alone->low);
}

TEST(BootstrapTest, FewPicturesAreRoughAndNameNobody) {
    const Bootstrap nine = bootstrap_of({one_each(9, {}), one_each(9, first(9))});
    EXPECT_TRUE(nine.is_rough());
    EXPECT_GT(nine.differences[0].figures[headline_f1]->interval.low, 0.0);
    EXPECT_FALSE(nine.winner(headline_f1));
    const Bootstrap ten = bootstrap_of({one_each(10, {}), one_each(10, first(10))});
    EXPECT_FALSE(ten.is_rough());
    EXPECT_EQ(ten.winner(headline_f1), 1U);
}

TEST(BootstrapTest, ResamplesWithoutAFigureAreNotCounted) {
    RandomData data = one_each(1, {0});
    data.dataset.images.push_back({2, "2.png"}); // with nothing in it
    const auto interval = bootstrap_of({data}).intervals[0][headline_ap];
    ASSERT_TRUE(interval);
    // A quarter of the resamples is the empty picture twice.
    EXPECT_NEAR(static_cast<double>(interval->resamples), 750.0, 60.0);
}

TEST(BootstrapTest, SaysWhyThereAreNoIntervals) {
    EXPECT_THAT(bootstrap_of({one_each(1, {0})}).left_out, testing::HasSubstr("two pictures or more"));
    EXPECT_THAT(bootstrap_of({one_each(20, {0})}, 0).left_out, testing::HasSubstr("not asked for"));
    const Bootstrap endless = bootstrap_of({one_each(20, {0})}, std::size_t{1} << 40U);
    EXPECT_THAT(endless.left_out, testing::HasSubstr("would take too long"));
    EXPECT_TRUE(endless.intervals.empty());
    EXPECT_FALSE(endless.winner(headline_ap));
}

} // namespace
} // namespace detect::evaluation
