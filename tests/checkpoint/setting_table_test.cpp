// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/setting_table.h"

#include "checkpoint/setting_rules.h"
#include "checkpoint/setting_text.h"
#include "tests/checkpoint/unusual_settings.h"
#include "tests/support/require.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Metadata = std::map<std::string, std::string>;

/// The keys whose values differ.
std::vector<std::string> differences(const NetworkSettings& a, const NetworkSettings& b) {
    std::vector<std::string> keys;
    for (const Setting& setting : setting_table()) {
        if (to_text(setting, a) != to_text(setting, b)) keys.emplace_back(setting.key);
    }
    return keys;
}

TEST(SettingTable, HasEachKeyAndFlagOnce) {
    std::set<std::string_view> keys;
    std::set<std::string_view> flags;
    for (const Setting& setting : setting_table()) {
        EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
        if (setting.flag.empty()) continue;
        EXPECT_TRUE(flags.insert(setting.flag).second) << setting.flag;
        EXPECT_TRUE(setting.flag.starts_with("--")) << setting.flag;
        EXPECT_NE(setting.help, "") << setting.key;
    }
}

TEST(SettingTable, EachRowReadsAndWritesAValueOfItsOwn) {
    EXPECT_EQ(differences(NetworkSettings{}, unusual_settings()).size(), setting_table().size())
        << "give the new setting an unusual value in unusual_settings.h";
    for (const Setting& setting : setting_table()) {
        NetworkSettings settings;
        require(read_text(setting, to_text(setting, unusual_settings()), settings));
        EXPECT_THAT(differences(settings, NetworkSettings{}), ElementsAre(setting.key));
        EXPECT_EQ(to_text(setting, settings), to_text(setting, unusual_settings()));
    }
}

/// What users say of a setting arrives there, and nowhere else.
TEST(SettingTable, EachFlagSetsItsSetting) {
    for (const Setting& setting : setting_table()) {
        if (setting.flag.empty()) continue;
        const std::string text = to_text(setting, unusual_settings());
        SettingsOverrides overrides;
        EXPECT_EQ(override_text(setting, overrides), std::nullopt);
        require(read_override(setting, text, overrides));
        EXPECT_EQ(override_text(setting, overrides), text);
        NetworkSettings settings;
        for (const Setting& any : setting_table()) apply_override(any, overrides, settings);
        EXPECT_EQ(to_text(setting, settings), text);
        EXPECT_THAT(differences(settings, NetworkSettings{}), ElementsAre(setting.key));
    }
}

TEST(SettingTable, WhatIsGivenStaysAndTheRestIsFilledIn) {
    SettingsOverrides given{.min_size = 500};
    for (const Setting& setting : setting_table())
        fill_in_override(setting, given, {.min_size = 600, .nms_threshold = 0.25F});
    EXPECT_EQ(given.min_size, 500);
    EXPECT_EQ(given.nms_threshold, 0.25F);
    EXPECT_EQ(given.max_size, std::nullopt);
}

TEST(SettingTable, RefusesWithRangeAndValue) {
    const auto complaint = [](auto spoil) {
        NetworkSettings settings;
        spoil(settings);
        return check(settings).error().message;
    };
    using S = NetworkSettings;
    EXPECT_EQ(complaint([](S& s) { s.selection.nms_threshold = 1.5F; }), "nms_threshold must be 0 to 1, not 1.500000");
    EXPECT_EQ(complaint([](S& s) { s.anchors.sizes = {8, 0}; }), "an anchor size must be 1 to 65536 pixels, not 0");
    EXPECT_EQ(complaint([](S& s) {
                  s.anchors.aspect_ratios = {1.0F, -1.0F};
              }),
              "an aspect ratio must be 0.01 to 100, not -1.000000");
    EXPECT_EQ(complaint([](S& s) { s.proposals.post_nms_top_n = -5; }),
              "rpn_post_nms_top_n must be 1 to 1000000, not -5");
    EXPECT_EQ(complaint([](S& s) { s.transform.deviation[1] = 0.0F; }),
              "image_std must be 1e-04 to 10 (a picture's values are 0 to 1), not 0.000000");
    EXPECT_EQ(complaint([](S& s) { s.transform.mean.pop_back(); }),
              "image_mean must be 3 numbers (red, green, blue), not 2");
    EXPECT_EQ(complaint([](S& s) { s.selection.box_weights.push_back(5.0F); }),
              "box_weights must be 4 numbers (x, y, width, height), not 5");
    EXPECT_EQ(complaint([](S& s) { s.anchors.aspect_ratios.clear(); }), "aspect ratios may not be empty");
    EXPECT_EQ(complaint([](S& s) { s.transform.min_size = 31; }),
              "image sizes must satisfy 32 <= min_size <= max_size <= 65536, but are 31 and 1333");
}

TEST(SettingRules, APresetSaysSomethingAboutSizesAndProposalsOnly) {
    std::vector<std::string_view> keys;
    for (const Setting& setting : setting_table()) {
        if (belongs_to_preset(setting)) keys.push_back(setting.key);
    }
    EXPECT_THAT(keys, ElementsAre("min_size", "max_size", "rpn_pre_nms_top_n", "rpn_post_nms_top_n"));
}

TEST(SettingText, TakesListsAndNothingElse) {
    std::vector<std::int64_t> integers;
    std::vector<float> numbers;
    require(read_text("32,64,128", integers));
    EXPECT_THAT(integers, ElementsAre(32, 64, 128));
    require(read_text("-3", integers));
    EXPECT_THAT(integers, ElementsAre(-3));
    require(read_text("0.5,1,2e-1", numbers));
    EXPECT_THAT(numbers, ElementsAre(0.5F, 1.0F, 0.2F));
    for (const char* text : {"", ",", "1,", ",1", "1 2", "1;2", "one", "0x10", "1.5.2"}) {
        const auto result = read_text(text, numbers);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_THAT(result.error().message, HasSubstr("'" + std::string(text) + "'"));
    }
    EXPECT_FALSE(read_text("1.5", integers).ok());
    EXPECT_FALSE(read_text("9223372036854775808", integers).ok());
    EXPECT_THAT(integers, ElementsAre(-3)) << "what cannot be read changes nothing";
    EXPECT_THAT(numbers, ElementsAre(0.5F, 1.0F, 0.2F));
}

} // namespace
} // namespace detect::test
