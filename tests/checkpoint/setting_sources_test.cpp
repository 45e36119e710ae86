// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/setting_sources.h"

#include "checkpoint/setting_table.h"
#include "tests/checkpoint/unusual_settings.h"
#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SettingSource source_of(const ResolvedSettings& resolved, std::string_view key) { return resolved.sources.at(key); }

TEST(SettingSources, NameEachLayer) {
    const SettingsFile file{.values = {.image_mean = std::vector{0.5F, 0.5F, 0.5F}, .nms_threshold = 0.25F},
                            .assumed = {"nms_threshold"}};
    const auto resolved = require(
        resolve_with_sources({{"max_detections", "7"}, {"nms_threshold", "0.75"}}, {.score_threshold = 0.5F}, file));
    EXPECT_EQ(resolved.sources.size(), setting_table().size());
    EXPECT_EQ(source_of(resolved, "score_threshold"), SettingSource::flag);
    EXPECT_EQ(source_of(resolved, "image_mean"), SettingSource::settings_file);
    EXPECT_EQ(source_of(resolved, "nms_threshold"), SettingSource::assumed_in_settings_file);
    EXPECT_EQ(source_of(resolved, "max_detections"), SettingSource::checkpoint);
    EXPECT_EQ(source_of(resolved, "min_size"), SettingSource::standard);
    EXPECT_THAT(resolved.settings.transform.mean, ElementsAre(0.5F, 0.5F, 0.5F));
    EXPECT_EQ(resolved.settings.selection.nms_threshold, 0.25F) << "the file comes before the checkpoint";
    EXPECT_EQ(resolved.settings.selection.max_detections, 7);
}

TEST(SettingSources, WhatIsGivenComesBeforeTheFile) {
    const SettingsFile file{.values = {.min_size = 500, .max_size = 600, .rpn_pre_nms_top_n = 50}};
    const auto resolved = require(resolve_with_sources({}, {.min_size = 700, .rpn_top_n = 70}, file));
    EXPECT_EQ(resolved.settings.transform.min_size, 700);
    EXPECT_EQ(resolved.settings.transform.max_size, 700) << "which the file's 600 would contradict";
    EXPECT_EQ(source_of(resolved, "max_size"), SettingSource::flag);
    EXPECT_EQ(resolved.settings.proposals.pre_nms_top_n, 70);
    EXPECT_EQ(source_of(resolved, "rpn_post_nms_top_n"), SettingSource::flag);
}

TEST(SettingSources, APresetSaysWhatItStandsFor) {
    const SettingsFile file{.values = {.min_size = 500, .score_threshold = 0.5F}};
    const auto resolved = require(resolve_with_sources(to_metadata(unusual_settings()), {.preset = "320"}, file));
    EXPECT_EQ(resolved.settings.transform.min_size, 320);
    EXPECT_EQ(source_of(resolved, "min_size"), SettingSource::flag);
    EXPECT_EQ(source_of(resolved, "rpn_post_nms_top_n"), SettingSource::flag);
    EXPECT_EQ(source_of(resolved, "score_threshold"), SettingSource::settings_file);
    EXPECT_EQ(source_of(resolved, "image_mean"), SettingSource::standard);
    EXPECT_EQ(source_of(resolved, "labels"), SettingSource::checkpoint);
}

TEST(SettingSources, EverySettingOfAFileIsTakenOver) {
    SettingsFile file;
    for (const Setting& setting : setting_table())
        require(read_override(setting, to_text(setting, unusual_settings()), file.values));
    const auto resolved = require(resolve_with_sources({}, {}, file));
    EXPECT_EQ(to_metadata(resolved.settings), to_metadata(unusual_settings()));
    for (const auto& [key, source] : resolved.sources) EXPECT_EQ(source, SettingSource::settings_file) << key;
}

TEST(SettingSources, ListWhatWasAssumed) {
    const auto some = require(resolve_with_sources({{"min_size", "500"}}, {.rpn_top_n = 10}, {}));
    EXPECT_EQ(assumed_settings_text(some.sources),
              "max_size,image_mean,image_std,anchor_sizes,aspect_ratios,rpn_nms_threshold,rpn_score_threshold,"
              "box_weights,score_threshold,nms_threshold,max_detections");
    EXPECT_THAT(read_assumed_settings("nms_threshold,min_size,anything"), ElementsAre("min_size", "nms_threshold"))
        << "rpn_nms_threshold is another";
    const auto all = require(resolve_with_sources(to_metadata(unusual_settings()), {}, {}));
    EXPECT_EQ(assumed_settings_text(all.sources), "none");
    EXPECT_TRUE(read_assumed_settings("none").empty());
}

} // namespace
} // namespace detect::test
