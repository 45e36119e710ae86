// SPDX-License-Identifier: Apache-2.0
// Weights and models that are something else: one line that names the file and the cause, and nothing is written.

#include "tests/cli/command.h"
#include "tests/cli/files.h"

#include <algorithm>

#include <sys/stat.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class WrongFile : public testing::Test {
public:
    WrongFile() {
        write_text(folder_ / "text", "not what it should be\n");
        write_text(folder_ / "empty", "");
        write_text(folder_ / "zip", "PK\x03\x04" + std::string(60, '\x01'));
        std::filesystem::create_directory(folder_ / "folder");
        write_flat_picture(folder_ / "picture.png", 24, 16, {200, 100, 0});
        write_tiny_model(folder_ / "tiny.onnx");
        write_cut(small_model(), 1'000'000, folder_ / "cut.onnx");
        write_cut(bundled_weights(), 1'000'000, folder_ / "cut.safetensors");
        before_ = files_in(folder_.path());
    }

    /// The command refuses, naming `file`, and leaves no file behind.
    std::string refusal(const std::vector<std::string>& arguments, const std::string& file, int exit_code) {
        const ProcessResult result = run_detect(arguments, folder_.path());
        EXPECT_TRUE(refused(result, exit_code)) << file;
        EXPECT_EQ(files_in(folder_.path()), before_);
        EXPECT_THAT(error_line(result), StartsWith(file + ": "));
        return error_line(result);
    }
    std::string as_weights(const std::string& file, int exit_code = 3) {
        return refusal({"export", "--image", "picture.png", "--weights", file}, file, exit_code);
    }
    std::string as_model(const std::string& file, int exit_code = 3) {
        return refusal({"run", "picture.png", "--model", file}, file, exit_code);
    }
    std::string in_info(const std::string& file, int exit_code = 3) { return refusal({"info", file}, file, exit_code); }

    TempDir folder_;
    std::vector<std::string> before_;
};

TEST_F(WrongFile, AsWeights) {
    EXPECT_THAT(as_weights("text"), HasSubstr("text file"));
    EXPECT_THAT(as_weights("empty"), HasSubstr("empty"));
    EXPECT_THAT(as_weights("folder"), HasSubstr("is a folder"));
    EXPECT_THAT(as_weights("missing"), HasSubstr("no such file"));
    EXPECT_THAT(as_weights("missing/weights.pth"), HasSubstr("no such file"));
    EXPECT_THAT(as_weights("tiny.onnx"), HasSubstr("ONNX"));
    EXPECT_THAT(as_weights("picture.png"), HasSubstr("no PyTorch checkpoint"));
    EXPECT_THAT(as_weights("cut.safetensors"), HasSubstr("cut off"));
    as_weights("zip");
}

TEST_F(WrongFile, AsModel) {
    for (const auto& refusal : {&WrongFile::as_model, &WrongFile::in_info}) {
        EXPECT_THAT((this->*refusal)("text", 3), HasSubstr("not an ONNX model"));
        EXPECT_THAT((this->*refusal)("empty", 3), HasSubstr("empty"));
        EXPECT_THAT((this->*refusal)("folder", 3), AnyOf(HasSubstr("not a file"), HasSubstr("directory")));
        EXPECT_THAT((this->*refusal)("missing", 3), AnyOf(HasSubstr("does not exist"), HasSubstr("no such file")));
        EXPECT_THAT((this->*refusal)("picture.png", 3), HasSubstr("not an ONNX model"));
        EXPECT_THAT((this->*refusal)("cut.onnx", 3), HasSubstr("cut off"));
        (this->*refusal)("cut.safetensors", 3);
        (this->*refusal)("zip", 3);
    }
}

TEST_F(WrongFile, ANamedPipeIsNotWaitedFor) {
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    before_ = files_in(folder_.path());
    as_model("pipe");
    in_info("pipe");
    as_weights("pipe");
}

TEST_F(WrongFile, AModelThatFindsNoObjectsIsABadModel) {
    // The tiny model, its outputs under other names: sound ONNX, but no detector.
    std::string model = read_text(folder_ / "tiny.onnx");
    for (std::size_t at; (at = model.find("boxes")) != std::string::npos;) model.replace(at, 5, "ovals");
    write_text(folder_ / "tiny.onnx", model);
    EXPECT_THAT(as_model("tiny.onnx", 4), HasSubstr("no outputs boxes, labels and scores"));
    EXPECT_TRUE(succeeded(run_detect({"info", "tiny.onnx"}, folder_.path())));
}

TEST_F(WrongFile, AnotherNetworkIsABadModelAndSaysWhatItLooksLike) {
    // As safetensors: one tensor of a classifier.
    const std::string header = R"({"fc.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";
    write_text(folder_ / "classifier", std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') +
                                           header + std::string(16, '\0'));
    before_ = files_in(folder_.path());
    EXPECT_THAT(as_weights("classifier", 4),
                HasSubstr("looks like a classifier, not torchvision's fasterrcnn_mobilenet_v3_large_fpn"));
    as_model("classifier", 4);
}

TEST_F(WrongFile, AnchorsThatDoNotFitTheWeightsNameTheTensor) {
    const ProcessResult result =
        run_detect({"export", "--image", "picture.png", "--anchor-sizes", "32,64"}, folder_.path());
    EXPECT_TRUE(refused(result, 4));
    EXPECT_THAT(error_line(result),
                AllOf(HasSubstr("rpn.head.cls_logits.weight is [15, 256, 1, 1], expected [6, 256, 1, 1]"),
                      HasSubstr("--anchor-sizes")));
    EXPECT_EQ(files_in(folder_.path()), before_);
}

TEST_F(WrongFile, AsClassNames) {
    const auto as_labels = [&](const std::string& file) {
        return refusal({"export", "--image", "picture.png", "--labels", file}, file, 3);
    };
    EXPECT_THAT(as_labels("missing"), HasSubstr("no such file"));
    EXPECT_THAT(as_labels("folder"), HasSubstr("is a folder"));
    EXPECT_THAT(as_labels("empty"), HasSubstr("no class names found"));
    EXPECT_THAT(as_labels("picture.png"), HasSubstr("is not UTF-8; save the file as UTF-8"));
    EXPECT_THAT(as_labels("/dev/zero"), HasSubstr("is a device"));
}

TEST_F(WrongFile, MetadataOfACheckpointThatMakesNoSenseIsABadModel) {
    std::string weights = read_text(bundled_weights());
    const std::string before = R"("min_size":"1024")";
    const std::size_t at = weights.find(before);
    ASSERT_NE(at, std::string::npos);
    for (const char* after : {R"("min_size":"-999")", R"("min_size":"none")"}) {
        weights.replace(at, before.size(), after);
        write_text(folder_ / "cut.safetensors", weights);
        EXPECT_THAT(as_weights("cut.safetensors", 4), AllOf(HasSubstr("metadata"), HasSubstr("min_size")));
    }
}

} // namespace
} // namespace detect::test
