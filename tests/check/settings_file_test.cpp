// SPDX-License-Identifier: Apache-2.0
// Settings that are read off files: our own with and without their metadata, reports, torchvision's exports.

#include "check/settings_file.h"

#include "check/exported_settings.h"
#include "check/read_anchors.h"
#include "checkpoint/setting_table.h"
#include "export/checkpoint_graph.h"
#include "onnx/writer.h"
#include "tests/check/support.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using checking::anchors_from_cells;
using checking::read_settings_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Sizes = std::vector<std::int64_t>;
using Ratios = std::vector<float>;

/// What was read gives the same anchors, bit for bit.
void expect_same_anchors(const AnchorSettings& settings) {
    const Tensor cells = cell_anchors(settings);
    const auto found = anchors_from_cells(cells.data<float>());
    ASSERT_TRUE(found.has_value()) << testing::PrintToString(settings.sizes);
    const Tensor again = cell_anchors(*found);
    EXPECT_TRUE(std::ranges::equal(again.data<float>(), cells.data<float>()));
}

TEST(ReadAnchors, FindsSizesAndRatios) {
    for (const AnchorSettings& settings :
         {AnchorSettings{}, AnchorSettings{.sizes = {24, 48, 96, 192, 384}, .aspect_ratios = {0.4F, 1.0F, 2.5F}},
          AnchorSettings{.sizes = {16}, .aspect_ratios = {1.0F}},
          AnchorSettings{.sizes = {32, 512}, .aspect_ratios = {0.25F, 0.5F, 1.0F, 2.0F, 4.0F}}}) {
        const Tensor cells = cell_anchors(settings);
        const auto found = anchors_from_cells(cells.data<float>());
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->sizes, settings.sizes);
        EXPECT_EQ(found->aspect_ratios, settings.aspect_ratios);
    }
}

TEST(ReadAnchors, WhatIsNotFoundAsItWasGivesTheSameAnchors) {
    expect_same_anchors({.sizes = {33, 64, 129}, .aspect_ratios = {0.5F, 1.0F, 2.0F}});
    expect_same_anchors({.sizes = {32, 64, 128}, .aspect_ratios = {0.3333333F, 1.0F, 3.0F}});
    expect_same_anchors({.sizes = {100}, .aspect_ratios = {0.7F, 1.3F}});
}

TEST(ReadAnchors, RefusesWhatIsNone) {
    EXPECT_FALSE(anchors_from_cells({}).has_value());
    for (const std::vector<float>& cells : {std::vector<float>{-1, -1, 1},
                                            {-1, -1, 2, 1},
                                            {0, 0, 0, 0},
                                            {-1.5F, -1, 1.5F, 1},
                                            {-16, -16, 16, 16, -2, -300, 2, 300}}) {
        const auto found = anchors_from_cells(cells);
        if (found) {
            EXPECT_TRUE(std::ranges::equal(cell_anchors(*found).data<float>(), cells)) << testing::PrintToString(cells);
        }
    }
    EXPECT_FALSE(anchors_from_cells(std::vector<float>{-1.5F, -1, 1.5F, 1}).has_value());
    EXPECT_FALSE(anchors_from_cells(std::vector<float>{-1, -1, 2, 1}).has_value());
}

class SettingsFileTest : public testing::Test {
protected:
    static SettingsOverrides unusual() {
        return {.min_size = 320,
                .max_size = 352,
                .image_mean = Ratios{0.5F, 0.42F, 0.44F},
                .image_std = Ratios{0.25F, 0.24F, 0.21F},
                .anchor_sizes = Sizes{24, 48, 96, 192, 384},
                .aspect_ratios = Ratios{0.4F, 1.0F, 2.5F},
                .rpn_pre_nms_top_n = 303,
                .rpn_post_nms_top_n = 202,
                .rpn_nms_threshold = 0.61F,
                .rpn_score_threshold = 0.03F,
                .box_weights = Ratios{9.0F, 11.0F, 4.0F, 6.0F},
                .score_threshold = 0.07F,
                .nms_threshold = 0.45F,
                .max_detections = 55};
    }
    static Graph graph(const SettingsOverrides& settings = unusual(), int opset = 17) {
        return require(graph_from_checkpoint(board_checkpoint(), settings, OutputLayout::batched, opset)).graph;
    }
    std::filesystem::path write(const Graph& written) const {
        const std::filesystem::path path = folder_ / "file.onnx";
        std::ofstream(path, std::ios::binary) << require(write_onnx(written));
        return path;
    }
    std::filesystem::path write(const std::string& text) const {
        const std::filesystem::path path = folder_ / "file.json";
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    static std::string texts(const SettingsOverrides& settings) {
        std::string text;
        for (const Setting& setting : setting_table()) {
            if (!holds_names(setting))
                text += std::string(setting.key) + " " + override_text(setting, settings).value_or("-") + "\n";
        }
        return text;
    }

    TempDir folder_;
};

TEST_F(SettingsFileTest, OfThisProgramTellsEverything) {
    const SettingsFile file = require(read_settings_file(write(graph())));
    EXPECT_EQ(texts(file.values), texts(unusual()));
    EXPECT_THAT(file.unread, IsEmpty());
    EXPECT_THAT(file.assumed, IsEmpty());
    EXPECT_EQ(file.values.labels.value_or(std::vector<std::string>{}).size(), 6U);
    const SettingsFile usual = require(read_settings_file(write(graph({.min_size = 320}))));
    EXPECT_TRUE(usual.assumed.contains("image_mean"));
    EXPECT_FALSE(usual.assumed.contains("min_size"));
}

/// As a tool leaves it that drops metadata.
TEST_F(SettingsFileTest, WithoutItsMetadataTellsWhatItsConstantsShow) {
    for (const int opset : {11, 17}) {
        Graph bare = graph(unusual(), opset);
        bare.metadata.clear();
        const SettingsFile file = require(read_settings_file(write(bare)));
        EXPECT_EQ(texts(file.values), texts(unusual())) << opset;
        EXPECT_THAT(file.unread, ElementsAre("labels")) << opset;
    }
    Graph usual = graph({.min_size = 320});
    usual.metadata.clear();
    EXPECT_EQ(require(read_settings_file(write(usual))).values.box_weights, (Ratios{10.0F, 10.0F, 5.0F, 5.0F}));
    // Weights of 1 leave no division behind.
    Graph one = graph({.min_size = 320, .box_weights = Ratios{1.0F, 1.0F, 1.0F, 1.0F}});
    one.metadata.clear();
    EXPECT_THAT(require(read_settings_file(write(one))).unread, ElementsAre("box_weights", "labels"));
}

TEST_F(SettingsFileTest, MayBeAReport) {
    const SettingsFile file = require(read_settings_file(write(
        R"({"model": "x", "metadata": {"min_size": "640", "nms_threshold": "0.25", "assumed_settings": "min_size"}})")));
    EXPECT_EQ(file.values.min_size, 640);
    EXPECT_EQ(file.values.nms_threshold, 0.25F);
    EXPECT_EQ(file.values.max_size, std::nullopt);
    EXPECT_THAT(file.assumed, ElementsAre("min_size"));
}

TEST_F(SettingsFileTest, HasToHoldSettings) {
    for (const char* text : {"{}", "{", R"({"metadata": 3})", R"({"metadata": {"labels": "[\"a\"]"}})", ""}) {
        const auto read = read_settings_file(write(std::string(text)));
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().code, ErrorCode::unreadable_input) << text;
        EXPECT_THAT(read.error().message, HasSubstr("file.json: ")) << text;
    }
    const auto wrong = read_settings_file(write(std::string(R"({"metadata": {"min_size": "7"}})")));
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, ErrorCode::bad_model);
    EXPECT_THAT(wrong.error().message, HasSubstr("min_size"));
    const auto missing = read_settings_file(folder_ / "missing.onnx");
    ASSERT_FALSE(missing.ok());
    EXPECT_THAT(missing.error().message, HasSubstr("missing.onnx: does not exist"));
    if (!std::filesystem::exists(made_export("classifier.onnx"))) return;
    const auto classifier = read_settings_file(made_export("classifier.onnx"));
    ASSERT_FALSE(classifier.ok());
    EXPECT_THAT(classifier.error().message, HasSubstr("holds no settings"));
}

/// torchvision's own export.
TEST_F(SettingsFileTest, OfTorchvisionTellsEverythingButNames) {
    for (const char* name : {"other_settings.onnx", "other_settings_16.onnx"}) {
        if (!std::filesystem::exists(made_export(name))) GTEST_SKIP() << "no " << name << ": torchvision is not here";
        const SettingsFile file = require(read_settings_file(made_export(name)));
        EXPECT_EQ(texts(file.values), texts(unusual())) << name;
        EXPECT_THAT(file.unread, ElementsAre("labels")) << name;
    }
}

} // namespace
} // namespace detect::test
