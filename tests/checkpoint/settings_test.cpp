// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings.h"

#include "checkpoint/settings_overrides.h"
#include "tests/checkpoint/unusual_settings.h"
#include "tests/support/require.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void expect_equal(const NetworkSettings& a, const NetworkSettings& b) {
    EXPECT_EQ(a.transform.min_size, b.transform.min_size);
    EXPECT_EQ(a.transform.max_size, b.transform.max_size);
    EXPECT_EQ(a.transform.mean, b.transform.mean);
    EXPECT_EQ(a.transform.deviation, b.transform.deviation);
    EXPECT_EQ(a.anchors.sizes, b.anchors.sizes);
    EXPECT_EQ(a.anchors.aspect_ratios, b.anchors.aspect_ratios);
    EXPECT_EQ(a.proposals.pre_nms_top_n, b.proposals.pre_nms_top_n);
    EXPECT_EQ(a.proposals.post_nms_top_n, b.proposals.post_nms_top_n);
    EXPECT_EQ(a.proposals.nms_threshold, b.proposals.nms_threshold);
    EXPECT_EQ(a.proposals.score_threshold, b.proposals.score_threshold);
    EXPECT_EQ(a.selection.box_weights, b.selection.box_weights);
    EXPECT_EQ(a.selection.score_threshold, b.selection.score_threshold);
    EXPECT_EQ(a.selection.nms_threshold, b.selection.nms_threshold);
    EXPECT_EQ(a.selection.max_detections, b.selection.max_detections);
    EXPECT_EQ(a.labels, b.labels);
}

TEST(SettingsMetadata, ReadsBackExactlyWhatWasWritten) {
    NetworkSettings read;
    require(apply_metadata(read, to_metadata(unusual_settings())));
    expect_equal(read, unusual_settings());
}

TEST(SettingsMetadata, WhatIsNotThereStaysAsItIs) {
    NetworkSettings settings = unusual_settings();
    require(apply_metadata(settings, {{"description", "a model"}, {"max_size", "2000"}}));
    NetworkSettings expected = unusual_settings();
    expected.transform.max_size = 2000;
    expect_equal(settings, expected);
}

TEST(SettingsMetadata, NamesTheKeyWhoseValueMakesNoSense) {
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"min_size", "large"},
                                                          {"min_size", ""},
                                                          {"min_size", "800 "},
                                                          {"min_size", "800,900"},
                                                          {"max_size", "99999999999999999999"},
                                                          {"anchor_sizes", "32,64,"},
                                                          {"aspect_ratios", "1:2"},
                                                          {"nms_threshold", "0.5x"},
                                                          {"labels", "open, short"},
                                                          {"labels", "[1, 2]"},
                                                          {"labels", "{\"a\": 1}"}}) {
        NetworkSettings settings;
        const auto result = apply_metadata(settings, {{key, value}});
        ASSERT_FALSE(result.ok()) << key << " = " << value;
        EXPECT_EQ(result.error().code, ErrorCode::bad_model);
        EXPECT_THAT(result.error().message, HasSubstr("'" + key + "'"));
    }
}

struct Nonsense {
    const char* name;
    void (*spoil)(NetworkSettings&);
};

class SettingsCheck : public testing::TestWithParam<Nonsense> {};

TEST_P(SettingsCheck, NamesTheSetting) {
    NetworkSettings settings;
    require(check(settings));
    GetParam().spoil(settings);
    const auto result = check(settings);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(result.error().message, HasSubstr(GetParam().name));
}

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    , SettingsCheck,
    testing::Values(Nonsense{"min_size", [](NetworkSettings& s) { s.transform.min_size = 31; }},
                    Nonsense{"max_size", [](NetworkSettings& s) { s.transform.max_size = 65537; }},
                    Nonsense{"800 and 799", [](NetworkSettings& s) { s.transform.max_size = 799; }},
                    Nonsense{"anchor sizes", [](NetworkSettings& s) { s.anchors.sizes.clear(); }},
                    Nonsense{"anchor size", [](NetworkSettings& s) { s.anchors.sizes[2] = 0; }},
                    Nonsense{"ratios", [](NetworkSettings& s) { s.anchors.aspect_ratios.clear(); }},
                    Nonsense{"aspect ratio", [](NetworkSettings& s) { s.anchors.aspect_ratios[1] = -1.0F; }},
                    Nonsense{"aspect ratio", [](NetworkSettings& s) { s.anchors.aspect_ratios[1] = nan_value; }},
                    Nonsense{"image_mean", [](NetworkSettings& s) { s.transform.mean[0] = 123.675F; }},
                    Nonsense{"image_mean", [](NetworkSettings& s) { s.transform.mean.push_back(0.5F); }},
                    Nonsense{"image_std", [](NetworkSettings& s) { s.transform.deviation[2] = 0.0F; }},
                    Nonsense{"image_std", [](NetworkSettings& s) { s.transform.deviation[2] = nan_value; }},
                    Nonsense{"box weight", [](NetworkSettings& s) { s.selection.box_weights[3] = -5.0F; }},
                    Nonsense{"box_weights", [](NetworkSettings& s) { s.selection.box_weights.pop_back(); }},
                    Nonsense{"box weights", [](NetworkSettings& s) { s.selection.box_weights.clear(); }},
                    Nonsense{"rpn_pre_nms_top_n", [](NetworkSettings& s) { s.proposals.pre_nms_top_n = 0; }},
                    Nonsense{"rpn_post_nms_top_n", [](NetworkSettings& s) { s.proposals.post_nms_top_n = -5; }},
                    Nonsense{"max_detections", [](NetworkSettings& s) { s.selection.max_detections = 1'000'001; }},
                    Nonsense{"rpn_nms_threshold", [](NetworkSettings& s) { s.proposals.nms_threshold = 1.01F; }},
                    Nonsense{"rpn_score_threshold", [](NetworkSettings& s) { s.proposals.score_threshold = -0.01F; }},
                    Nonsense{"score_threshold", [](NetworkSettings& s) { s.selection.score_threshold = nan_value; }},
                    Nonsense{"nms_threshold", [](NetworkSettings& s) { s.selection.nms_threshold = 2.0F; }}));

TEST(ResolveSettings, StartsFromTorchvisionsDefaults) {
    const NetworkSettings settings = require(resolve_settings({}, {}));
    expect_equal(settings, NetworkSettings{});
    EXPECT_EQ(settings.transform.min_size, 800);
    EXPECT_EQ(settings.transform.max_size, 1333);
    EXPECT_EQ(settings.proposals.pre_nms_top_n, 1000);
}

TEST(ResolveSettings, TheCheckpointsOwnSettingsComeBeforeThose) {
    expect_equal(require(resolve_settings(to_metadata(unusual_settings()), {})), unusual_settings());
}

TEST(ResolveSettings, APresetComesBeforeTheCheckpointsSettingsButKeepsItsNames) {
    NetworkSettings expected = NetworkSettings::preset_320();
    EXPECT_EQ(expected.transform.min_size, 320);
    EXPECT_EQ(expected.transform.max_size, 640);
    EXPECT_EQ(expected.proposals.pre_nms_top_n, 150);
    EXPECT_EQ(expected.proposals.post_nms_top_n, 150);
    EXPECT_EQ(expected.proposals.score_threshold, 0.05F);
    expected.labels = unusual_settings().labels;
    expect_equal(require(resolve_settings(to_metadata(unusual_settings()), {.preset = "320"})), expected);

    NetworkSettings large;
    large.labels = unusual_settings().labels;
    expect_equal(require(resolve_settings(to_metadata(unusual_settings()), {.preset = "800"})), large);
    EXPECT_EQ(resolve_settings({}, {.preset = "640"}).error().code, ErrorCode::invalid_argument);
}

TEST(ResolveSettings, WhatTheUserSaysComesBeforeEverything) {
    const NetworkSettings settings =
        require(resolve_settings(to_metadata(unusual_settings()), {.preset = "320",
                                                                   .min_size = 500,
                                                                   .max_size = 900,
                                                                   .anchor_sizes = std::vector<std::int64_t>{8, 16},
                                                                   .rpn_top_n = 77,
                                                                   .score_threshold = 0.25F,
                                                                   .nms_threshold = 0.75F,
                                                                   .max_detections = 5,
                                                                   .labels = std::vector<std::string>{"x"}}));
    NetworkSettings expected;
    expected.transform = {.min_size = 500, .max_size = 900};
    expected.anchors.sizes = {8, 16};
    expected.proposals.pre_nms_top_n = 77;
    expected.proposals.post_nms_top_n = 77;
    expected.selection = {.score_threshold = 0.25F, .nms_threshold = 0.75F, .max_detections = 5};
    expected.labels = {"x"};
    expect_equal(settings, expected);
}

TEST(ResolveSettings, BothCountsOfProposalsAtOnceOrEachByItself) {
    const auto counts = [](const SettingsOverrides& overrides) {
        const ProposalSettings proposals = require(resolve_settings({}, overrides)).proposals;
        return std::pair{proposals.pre_nms_top_n, proposals.post_nms_top_n};
    };
    EXPECT_EQ(counts({.rpn_top_n = 70}), std::pair(70L, 70L));
    EXPECT_EQ(counts({.rpn_top_n = 70, .rpn_post_nms_top_n = 30}), std::pair(70L, 30L));
    EXPECT_EQ(counts({.rpn_top_n = 70, .rpn_pre_nms_top_n = 300}), std::pair(300L, 70L));
    EXPECT_EQ(counts({.rpn_pre_nms_top_n = 300}), std::pair(300L, 1000L));
    EXPECT_EQ(counts({.preset = "320", .rpn_post_nms_top_n = 30}), std::pair(150L, 30L));
}

TEST(ResolveSettings, OneSizeAloneTakesTheOtherAlongWhereItMust) {
    EXPECT_EQ(require(resolve_settings({}, {.min_size = 2000})).transform.max_size, 2000);
    EXPECT_EQ(require(resolve_settings({}, {.max_size = 600})).transform.min_size, 600);
    EXPECT_EQ(require(resolve_settings({}, {.min_size = 600})).transform.max_size, 1333);
    EXPECT_FALSE(resolve_settings({}, {.min_size = 600, .max_size = 500}).ok());
}

TEST(ResolveSettings, TellsTheUsersFaultFromTheCheckpoints) {
    const auto of_checkpoint = resolve_settings({{"nms_threshold", "3"}}, {});
    ASSERT_FALSE(of_checkpoint.ok());
    EXPECT_EQ(of_checkpoint.error().code, ErrorCode::bad_model);
    EXPECT_THAT(of_checkpoint.error().message, AllOf(HasSubstr("metadata"), HasSubstr("nms_threshold")));
    const auto of_user = resolve_settings({}, {.nms_threshold = 3.0F});
    ASSERT_FALSE(of_user.ok());
    EXPECT_EQ(of_user.error().code, ErrorCode::invalid_argument);
}

} // namespace
} // namespace detect::test
