// SPDX-License-Identifier: Apache-2.0
// The command, given a stranger's checkpoint or what it exported of it, prints torchvision's detections.

#include "tests/parity/references.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

namespace detect::test {
namespace {

std::vector<Found> from_json(const nlohmann::json& image) {
    std::vector<Found> result;
    for (const auto& detection : image.at("detections")) {
        result.push_back({detection.at("box"), detection.at("label_id"), detection.at("score")});
    }
    return result;
}

/// `detect run` on all pictures of a case: every picture's detections are torchvision's.
void expect_detections(const Case& tested, std::vector<std::string> model_arguments) {
    std::vector<std::string> arguments = {DETECT_COMMAND, "run", "--json", "-", "--score", "0"};
    arguments.insert(arguments.end(), model_arguments.begin(), model_arguments.end());
    for (const Picture& picture : tested.pictures) arguments.push_back(picture.png().string());
    const ProcessResult process = run_process(arguments, {.timeout = std::chrono::minutes(5)});
    ASSERT_EQ(process.exit_code, 0) << describe(process);
    const auto answer = nlohmann::json::parse(process.output, nullptr, false);
    ASSERT_FALSE(answer.is_discarded()) << describe(process);
    ASSERT_EQ(answer.at("images").size(), tested.pictures.size());
    for (std::size_t i = 0; i < tested.pictures.size(); ++i) {
        SCOPED_TRACE(tested.pictures[i].name);
        const auto& image = answer.at("images").at(i);
        EXPECT_EQ(image.at("height"), tested.pictures[i].height);
        EXPECT_EQ(image.at("width"), tested.pictures[i].width);
        const Match match = match_detections(tested.pictures[i].detections(), from_json(image));
        EXPECT_TRUE(match.matched) << match.report;
    }
}

class CommandExport : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = references_missing()) GTEST_SKIP() << *why;
    }
};

class CommandParity : public CommandExport, public testing::WithParamInterface<const char*> {};

TEST_P(CommandParity, RunsTheCheckpointItself) {
    const Case tested = load_case(GetParam());
    std::vector<std::string> arguments = {"--model", tested.checkpoint.string()};
    for (const std::string& argument : tested.arguments()) arguments.push_back(argument);
    expect_detections(tested, arguments);
}

INSTANTIATE_TEST_SUITE_P(, CommandParity,
                         testing::Values("strict_settings", "other_anchors", "other_training", "two_classes_float16",
                                         "twelve_classes_wrapped", "ninety_one_classes_official", "frozen_new_names",
                                         "data_parallel", "legacy_stream", "preset_320", "twelve_classes"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(CommandExport, ExportsAFileThatNeedsNoMoreOptions) {
    const Case tested = load_case("strict_settings");
    const TempDir folder;
    const std::string model = (folder / "model.onnx").string();
    std::vector<std::string> arguments = {
        DETECT_COMMAND, "export", "--weights", tested.checkpoint.string(), "--image", tested.pictures[0].png().string(),
        "-o",           model};
    for (const std::string& argument : tested.arguments()) arguments.push_back(argument);
    const ProcessResult process = run_process(arguments, {.timeout = std::chrono::minutes(5)});
    ASSERT_EQ(process.exit_code, 0) << describe(process);
    EXPECT_TRUE(std::filesystem::exists(folder / "model.report.json"));
    expect_detections(tested, {"--model", model});
}

} // namespace
} // namespace detect::test
