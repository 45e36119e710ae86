// SPDX-License-Identifier: Apache-2.0
#include "export/size_trials.h"

#include "checkpoint/safetensors_writer.h"
#include "executor/model.h"
#include "export/mirror_image.h"
#include "export/read_detections.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SizeTrial trial(std::int64_t size, double sum, bool is_own = false) {
    return {.min_size = size,
            .max_size = 1333,
            .is_own = is_own,
            .detections = static_cast<std::size_t>(sum + 1),
            .sum_of_scores = sum};
}

std::int64_t better_of(const std::vector<SizeTrial>& trials) {
    const auto better = much_better(trials);
    return better ? better->min_size : 0;
}

TEST(MuchBetter, IsAFifthMore) {
    EXPECT_EQ(better_of({trial(640, 5), trial(800, 10, true), trial(1024, 12.1)}), 1024);
    EXPECT_EQ(better_of({trial(640, 5), trial(800, 10, true), trial(1024, 11.9)}), 0);
    EXPECT_EQ(better_of({trial(320, 15), trial(800, 10, true), trial(1024, 11.9)}), 320);
}

TEST(MuchBetter, IsTheNearestOfThoseThatComeNearTheBest) {
    EXPECT_EQ(better_of({trial(800, 10, true), trial(1024, 13), trial(1333, 14)}), 1024);
    EXPECT_EQ(better_of({trial(800, 10, true), trial(1024, 13), trial(1333, 20)}), 1333);
    EXPECT_EQ(better_of({trial(800, 10, true), trial(1024, 11.9), trial(1333, 13)}), 1333) << "1024 is not much better";
}

TEST(MuchBetter, NeedsMoreThanAFaintDetection) {
    EXPECT_EQ(better_of({trial(800, 0, true), trial(1024, 0.7)}), 0);
    EXPECT_EQ(better_of({trial(800, 0, true), trial(1024, 0.9)}), 1024);
    EXPECT_EQ(better_of({trial(800, 1.0, true), trial(1024, 1.6)}), 0);
    EXPECT_EQ(better_of({trial(800, 0, true), trial(1024, 0)}), 0);
    EXPECT_EQ(better_of({}), 0);
}

TEST(SizeTrials, SayWhatTheyFoundWithNumbers) {
    SizeTrials sizes{.trials = {trial(800, 8.5, true), trial(1024, 13.9)}, .better = std::nullopt};
    EXPECT_EQ(sizes.warning(), "");
    sizes.better = sizes.trials[1];
    EXPECT_EQ(sizes.warning(),
              "on the example picture and its mirror image, at min_size 1024 14 detections score 0.99 on "
              "average, at the assumed 800 9 detections score 0.94 on average: was it trained at about "
              "1024?");
    sizes.trials[0] = {.min_size = 800, .max_size = 1333, .is_own = true};
    EXPECT_THAT(sizes.warning(), HasSubstr("at the assumed 800 nothing of score 0.5 and more is found: was it"));
}

std::vector<std::int64_t> tried(std::int64_t height, std::int64_t width, bool max_size_is_given = false,
                                std::int64_t max_size = 1333) {
    NetworkSettings settings;
    settings.transform.max_size = max_size;
    std::vector<std::int64_t> sizes;
    for (const ImageTransformSettings& one : sizes_to_try(settings, max_size_is_given, height, width)) {
        EXPECT_LE(one.min_size, one.max_size);
        sizes.push_back(one.min_size);
    }
    return sizes;
}

TEST(SizesToTry, AreThoseThatMakeSenseForThePicture) {
    EXPECT_THAT(tried(640, 640), ElementsAre(320, 480, 640, 1024, 1333));
    EXPECT_THAT(tried(640, 640, true, 1000), ElementsAre(320, 480, 640));
    EXPECT_THAT(tried(130, 200), ElementsAre(320, 480)) << "at most four times as large";
    EXPECT_THAT(tried(3000, 4000), ElementsAre(320, 480, 640, 1024)) << "the longer side stops the rest at 1333";
    EXPECT_THAT(tried(640, 6400, true, 60000), ElementsAre(320, 480, 640)) << "or 8 million pixels";
    EXPECT_THAT(tried(10, 10), IsEmpty());
    EXPECT_THAT(tried(100, 100'000), IsEmpty()) << "all are as small";
}

class TrySizes : public testing::Test {
protected:
    void SetUp() override { require(write_safetensors(path_, bundled_tensors(), {})); }
    CheckpointGraph network(const SettingsOverrides& settings = {}) const {
        return require(graph_from_checkpoint(path_, settings, OutputLayout::batched, 17));
    }
    static SizeTrials trials(const CheckpointGraph& network, const Tensor& image) {
        return require(try_sizes(network, image, [](const std::string&) {}));
    }

    TempDir folder_;
    /// The bundled weights without what they were trained with. It stays as it is while networks are mapped from it.
    std::filesystem::path path_ = folder_ / "bare.safetensors";
};

TEST_F(TrySizes, FindsWhatANetworkOfThatSizeFinds) {
    const Tensor image = drawn_image(200, 160);
    const SizeTrials found = trials(network(), image);
    ASSERT_EQ(found.trials.size(), 4U);
    EXPECT_TRUE(found.trials.back().is_own);
    EXPECT_EQ(found.trials.back().min_size, 800);
    for (const std::size_t tried : {0UL, 3UL}) {
        const SizeTrial& trial = found.trials[tried];
        const auto model = require(Model::compile(network({.min_size = trial.min_size}).graph));
        std::size_t detections = 0;
        for (const Tensor& picture : {image, require(mirror_image(image))}) {
            const std::vector<Tensor> batch{as_batch(picture)};
            const auto read = require(read_detections(require(model->run(batch))));
            for (const Detection& detection : read.at(0)) detections += detection.score >= 0.5F ? 1 : 0;
        }
        EXPECT_EQ(trial.detections, detections) << trial.min_size;
    }
    EXPECT_GT(found.trials[2].detections, 0U);
}

TEST_F(TrySizes, DoesNothingWhereTheSizeIsKnown) {
    const Tensor image = drawn_image(200, 160);
    EXPECT_THAT(trials(network({.min_size = 800}), image).trials, IsEmpty());
    EXPECT_THAT(trials(network({.preset = "800"}), image).trials, IsEmpty());
    const auto bundled = require(graph_from_checkpoint(bundled_checkpoint(), {}, OutputLayout::batched, 17));
    EXPECT_THAT(trials(bundled, image).trials, IsEmpty());
}

} // namespace
} // namespace detect::test
