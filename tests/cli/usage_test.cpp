// SPDX-License-Identifier: Apache-2.0
// What is asked for in the wrong way: exit code 2, one line on stderr, nothing done. And how the command explains
// itself.

#include "tests/cli/command.h"
#include "tests/cli/files.h"

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Usage : public testing::Test {
protected:
    ProcessResult run(const std::vector<std::string>& arguments) { return run_detect(arguments, folder_.path()); }

    /// Runs, expects a refusal as usage, and that nothing was left behind.
    std::string refusal(const std::vector<std::string>& arguments) {
        const ProcessResult result = run(arguments);
        EXPECT_TRUE(refused(result, 2));
        EXPECT_THAT(files_in(folder_.path()), IsEmpty());
        return error_line(result);
    }

    TempDir folder_;
};

TEST_F(Usage, HelpNamesTheVerbsAndTheExitCodes) {
    const ProcessResult help = run({"--help"});
    ASSERT_TRUE(succeeded(help));
    EXPECT_EQ(help.errors, "");
    EXPECT_THAT(help.output, AllOf(HasSubstr("export"), HasSubstr("run"), HasSubstr("info"), HasSubstr("bench")));
    EXPECT_THAT(help.output,
                AllOf(HasSubstr("0 done"), HasSubstr("1 anything else"), HasSubstr("2 usage"),
                      HasSubstr("3 unreadable input"), HasSubstr("4 bad model"), HasSubstr("5 a part was not judged")));
}

struct Verb {
    const char* name;
    std::vector<const char*> options;
};

class VerbHelp : public Usage, public testing::WithParamInterface<Verb> {};

TEST_P(VerbHelp, NamesItsOptionsAndTheExitCodes) {
    const ProcessResult help = run({GetParam().name, "--help"});
    ASSERT_TRUE(succeeded(help));
    EXPECT_EQ(help.errors, "");
    EXPECT_THAT(help.output, HasSubstr("Exit codes: 0"));
    for (const char* option : GetParam().options) EXPECT_THAT(help.output, HasSubstr(option));
}

INSTANTIATE_TEST_SUITE_P(
    , VerbHelp,
    testing::Values(
        Verb{"export",
             {"--image",
              "--weights",
              "-o",
              "--opset",
              "--layout",
              "--preset",
              "--min-size",
              "--max-size",
              "--anchor-sizes",
              "--aspect-ratios",
              "--image-mean",
              "--image-std",
              "--box-weights",
              "--rpn-top-n",
              "--rpn-pre-nms-top-n",
              "--rpn-post-nms-top-n",
              "--rpn-nms-threshold",
              "--rpn-score-threshold",
              "--score-threshold",
              "--nms-threshold",
              "--max-detections",
              "--labels"}},
        Verb{"run", {"--score", "--model", "-o", "--json", "--no-draw", "--threads", "--preset", "--labels"}},
        Verb{"info", {"model", "--operators"}},
        Verb{"check", {"model", "--image", "--weights", "--target", "--json", "--labels", "6 problems found"}},
        Verb{"tensor", {"--input", "--output", "--threads", "Examples: detect tensor"}},
        Verb{"bench", {"--image", "--model"}}),
    [](const auto& verb) { return std::string(verb.param.name); });

TEST_F(Usage, VersionIsTheProjects) {
    const ProcessResult version = run({"--version"});
    ASSERT_TRUE(succeeded(version));
    EXPECT_EQ(version.output, "detect " + detect_version() + "\n");
}

TEST_F(Usage, WithoutAVerbItSaysWhichThereAre) {
    EXPECT_THAT(refusal({}), AllOf(HasSubstr("export, run, info"), HasSubstr("detect --help")));
}

TEST_F(Usage, NamesWhatItDoesNotKnow) {
    EXPECT_THAT(refusal({"frobnicate"}), HasSubstr("frobnicate"));
    EXPECT_THAT(refusal({"--frobnicate"}), HasSubstr("--frobnicate"));
    EXPECT_THAT(refusal({"run", board().string(), "--frobnicate"}),
                AllOf(HasSubstr("--frobnicate"), HasSubstr("detect run --help")));
    EXPECT_THAT(refusal({"export", "--image", board().string(), "--frob\nnicate"}), HasSubstr("detect export --help"));
}

TEST_F(Usage, NamesWhatIsMissing) {
    EXPECT_THAT(refusal({"run"}), HasSubstr("pictures"));
    EXPECT_THAT(refusal({"export"}), HasSubstr("--image"));
    EXPECT_THAT(refusal({"info"}), HasSubstr("model"));
    EXPECT_THAT(refusal({"run", board().string(), "--model"}), HasSubstr("--model"));
}

TEST_F(Usage, NamesTheOptionThatIsOutOfRange) {
    const std::string picture = board().string();
    EXPECT_THAT(refusal({"run", picture, "--score", "1.5"}), HasSubstr("--score"));
    EXPECT_THAT(refusal({"run", picture, "--score", "high"}), HasSubstr("--score"));
    EXPECT_THAT(refusal({"run", picture, "--score", "nan"}), HasSubstr("score"));
    EXPECT_THAT(refusal({"run", picture, "--threads", "-1"}), HasSubstr("--threads"));
    EXPECT_THAT(refusal({"export", "--image", picture, "--opset", "10"}), HasSubstr("--opset"));
    EXPECT_THAT(refusal({"export", "--image", picture, "--opset", "18"}), HasSubstr("--opset"));
    EXPECT_THAT(refusal({"export", "--image", picture, "--layout", "yolo"}),
                AllOf(HasSubstr("--layout"), HasSubstr("torchvision")));
    EXPECT_THAT(refusal({"export", "--image", picture, "--preset", "640"}),
                AllOf(HasSubstr("--preset"), HasSubstr("320")));
    EXPECT_THAT(refusal({"export", "--image", picture, "--max-detections", "many"}), HasSubstr("--max-detections"));
}

struct Setting {
    std::vector<std::string> arguments;
    std::string complaint;
};

class Settings : public Usage, public testing::WithParamInterface<Setting> {};

TEST_P(Settings, ThatMakeNoSenseAreRefusedByBothVerbs) {
    for (std::vector<std::string> arguments :
         {std::vector<std::string>{"export", "--image", board().string()},
          std::vector<std::string>{"run", board().string(), "--model", bundled_weights().string()}}) {
        arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
        EXPECT_THAT(refusal(arguments), HasSubstr(GetParam().complaint)) << arguments[0];
    }
}

INSTANTIATE_TEST_SUITE_P(
    , Settings,
    testing::Values(
        Setting{{"--nms-threshold", "1.5"}, "nms_threshold must be 0 to 1, not 1.5"},
        Setting{{"--nms-threshold", "nan"}, "nms_threshold must be 0 to 1"},
        Setting{{"--score-threshold", "-0.1"}, "score_threshold must be 0 to 1"},
        Setting{{"--min-size", "8"}, "min_size"}, Setting{{"--min-size", "400", "--max-size", "300"}, "400 and 300"},
        Setting{{"--max-detections", "0"}, "max_detections must be"},
        Setting{{"--rpn-top-n", "0"}, "rpn_pre_nms_top_n must be"},
        Setting{{"--rpn-pre-nms-top-n", "0"}, "rpn_pre_nms_top_n must be"},
        Setting{{"--rpn-post-nms-top-n", "-1"}, "rpn_post_nms_top_n must be"},
        Setting{{"--rpn-nms-threshold", "2"}, "rpn_nms_threshold must be 0 to 1"},
        Setting{{"--image-mean", "0.5,0.5"}, "image_mean must be 3 numbers (red, green, blue), not 2"},
        Setting{{"--image-mean", "123.675,116.28,103.53"},
                "image_mean must be -10 to 10 (a picture's values are 0 to 1)"},
        Setting{{"--image-std", "0.5,0,0.5"}, "image_std must be"},
        Setting{{"--box-weights", "10,10,5"}, "box_weights must be 4 numbers (x, y, width, height), not 3"},
        Setting{{"--box-weights", "10;10;5;5"}, "--box-weights: '10;10;5;5'"},
        Setting{{"--aspect-ratios", "0,1,2"}, "an aspect ratio must be"},
        Setting{{"--anchor-sizes", "32,,64"}, "--anchor-sizes: '32,,64'"},
        Setting{{"--anchor-sizes", "0,1,2,3,4"}, "anchor size must be"},
        Setting{{"--labels", "coco"},
                "90 class names, but the checkpoint has 6 classes besides the background: give one name for each"}));

TEST_F(Usage, CountsTheAnchors) {
    const auto complaint = [&](const std::string& flag, const std::string& value) {
        const std::vector<std::string> arguments{"run", board().string(), "--model", bundled_weights().string(), flag,
                                                 value};
        const ProcessResult result = run(arguments);
        EXPECT_TRUE(refused(result, 4));
        return error_line(result);
    };
    EXPECT_THAT(
        complaint("--aspect-ratios", "1,2"),
        HasSubstr("it was trained with 15 anchors per location, but 5 anchor sizes times 2 aspect ratios make 10: "
                  "give those of the training, see --anchor-sizes and --aspect-ratios"));
    EXPECT_THAT(complaint("--anchor-sizes", "32,64"), HasSubstr("2 anchor sizes times 3 aspect ratios make 6"));
}

TEST_F(Usage, CountsTheClassNames) {
    const TempDir elsewhere;
    write_text(elsewhere / "seven.txt", "background\nopen\nshort\nmousebite\nspur\ncopper\npin-hole\n");
    EXPECT_THAT(refusal({"export", "--image", board().string(), "--labels", (elsewhere / "seven.txt").string()}),
                AllOf(HasSubstr("7 class names"), HasSubstr("6 classes"), HasSubstr("leave the background out")));
}

TEST_F(Usage, SettingsAreNotForAFileThatHoldsItsOwn) {
    for (const std::vector<std::string>& setting :
         {std::vector<std::string>{"--min-size", "500"}, {"--labels", "coco"}, {"--preset", "320"}}) {
        std::vector<std::string> arguments{"run", board().string(), "--model", small_model().string()};
        arguments.insert(arguments.end(), setting.begin(), setting.end());
        EXPECT_THAT(refusal(arguments),
                    AllOf(HasSubstr(setting[0]), HasSubstr("small.onnx"), HasSubstr("export it again")));
    }
}

TEST_F(Usage, WhatIsReadIsNeverOverwritten) {
    const TempDir elsewhere;
    const std::string picture = (elsewhere / "a.png").string();
    std::filesystem::copy_file(board(), picture);
    write_tiny_model(elsewhere / "tiny.onnx");
    const std::string model = (elsewhere / "tiny.onnx").string();
    // Under the very name, under another spelling of it, and as one of several in the same folder.
    const std::string other_spelling = (elsewhere / "../").string() + elsewhere.path().filename().string() + "/./a.png";
    EXPECT_THAT(refusal({"run", picture, "--model", model, "-o", picture}), HasSubstr("would be overwritten"));
    EXPECT_THAT(refusal({"run", picture, "--model", model, "-o", other_spelling}), HasSubstr("would be overwritten"));
    EXPECT_THAT(refusal({"run", picture, board().string(), "--model", model, "-o", elsewhere.path().string()}),
                HasSubstr("would be overwritten"));
    EXPECT_THAT(refusal({"run", board().string(), "--model", model, "--json", board().string()}),
                HasSubstr("would be overwritten"));
    EXPECT_THAT(refusal({"export", "--image", picture, "-o", picture}), HasSubstr("would be overwritten"));
    EXPECT_EQ(read_text(picture), read_text(board()));
}

TEST_F(Usage, APictureCannotHaveAnyName) {
    const TempDir elsewhere;
    write_tiny_model(elsewhere / "tiny.onnx");
    const std::string model = (elsewhere / "tiny.onnx").string();
    EXPECT_THAT(refusal({"run", board().string(), "--model", model, "-o", "drawn.tiff"}),
                AllOf(HasSubstr("drawn.tiff"), HasSubstr(".png")));
    EXPECT_THAT(refusal({"export", "--image", board().string(), "-o", ""}), HasSubstr("empty"));
}

} // namespace
} // namespace detect::test
