// SPDX-License-Identifier: Apache-2.0
#include "cli/score_options.h"
#include "tests/cli/files.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

namespace detect::cli {
namespace {

using test::require;

/// The tiny model has the classes "first" and "second".
class ScoreOptions : public testing::Test {
protected:
    ScoreOptions() {
        test::write_tiny_model(folder_ / "tiny.onnx");
        add_score_options(command_, arguments_, "");
    }
    DetectorOptions options(std::vector<std::string> words) {
        std::reverse(words.begin(), words.end()); // as CLI11 takes them
        command_.parse(words);
        DetectorOptions options;
        const auto applied = apply_scores(command_, arguments_, options);
        EXPECT_TRUE(applied.ok());
        return options;
    }
    ClassScores in_force(const std::vector<std::string>& words) {
        const DetectorOptions given = options(words);
        return scores_in_force(require(Detector::load(folder_ / "tiny.onnx", given)), given);
    }

    test::TempDir folder_;
    CLI::App command_;
    ScoreArguments arguments_;
};

TEST_F(ScoreOptions, InForceAreTheUsualScoreAndThoseThatDiffer) {
    EXPECT_EQ(in_force({}), (ClassScores{.others = 0.5F}));
    EXPECT_EQ(in_force({"--score", "0.25,second=0.75"}),
              (ClassScores{.others = 0.25F, .by_name = {{"second", 0.75F}}}));
    EXPECT_EQ(in_force({"--score", "second=0.5"}), (ClassScores{.others = 0.5F})) << "as all others";
}

TEST_F(ScoreOptions, AFileIsOverlaidByTheOption) {
    const auto file = folder_ / "scores.json";
    std::ofstream(file) << R"({"class_scores_version": 1, "others": 0.6, "scores": {"first": 0.7, "second": 0.8}})";
    EXPECT_EQ(in_force({"--score-file", file.string(), "--score", "0.5,second=0.9"}),
              (ClassScores{.others = 0.5F, .by_name = {{"first", 0.7F}, {"second", 0.9F}}}));
    EXPECT_EQ(require(read_class_scores(file.string())),
              (std::map<std::string, float>{{"first", 0.7F}, {"second", 0.8F}}));
}

TEST_F(ScoreOptions, AWordOnAllOthersSetsTheModelsAside) {
    EXPECT_EQ(options({}).model_scores, ModelScores::in_place_of_min_score);
    EXPECT_EQ(options({"--score", "first=0.5"}).model_scores, ModelScores::in_place_of_min_score);
    EXPECT_EQ(options({"--score", "0.5"}).model_scores, ModelScores::ignored);
}

} // namespace
} // namespace detect::cli
