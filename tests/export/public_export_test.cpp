// SPDX-License-Identifier: Apache-2.0
// The exporter's library as other programs see it: through its public headers alone.
#include <detect/export.h>
#include <detect/opencv.h>

#include "tests/support/temp_dir.h"

#include <cmath>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <set>

namespace detect::test {
namespace {

using testing::HasSubstr;

constexpr const char* checkpoint = DETECT_SAMPLE_MODEL;

class PublicExport : public testing::Test {
protected:
    PublicExport() : board_(cv::imread(DETECT_BOARD)) {}

    /// A third of the board around its centre, so that an export does not take long.
    ImageView view() const {
        const cv::Mat part = board_(cv::Rect(board_.cols / 3, board_.rows / 3, board_.cols / 3, board_.rows / 3));
        return *image_view(part);
    }
    Result<ExportedModel> write(const char* name, const OnnxFormat& format) const {
        return export_checkpoint(checkpoint, folder_ / name, view(), {.min_size = 320, .max_size = 320}, format);
    }
    std::vector<Detection> run(const char* name) const {
        const auto detector = Detector::load(folder_ / name);
        EXPECT_TRUE(detector.ok()) << (detector.ok() ? "" : detector.error().message);
        auto found = detector->run(view());
        EXPECT_TRUE(found.ok());
        return std::move(found->detections);
    }
    std::string refusal(const OnnxFormat& format) const {
        const auto model = write("refused.onnx", format);
        EXPECT_FALSE(std::filesystem::exists(folder_ / "refused.onnx"));
        return model.ok() ? "accepted" : model.error().message;
    }

    TempDir folder_;
    cv::Mat board_;
};

TEST_F(PublicExport, ScoresPerClassTravel) {
    const auto written = write("scores.onnx", {.class_scores = {{"open", 0.95F}}});
    ASSERT_TRUE(written.ok()) << written.error().message;
    const auto detector = Detector::load(folder_ / "scores.onnx");
    ASSERT_TRUE(detector.ok());
    EXPECT_EQ(detector->min_score(1), 0.95F);
    EXPECT_EQ(detector->min_score(2), 0.0F);
    EXPECT_THAT(refusal({.class_scores = {{"opened", 0.5F}}}),
                HasSubstr("'opened', which the checkpoint does not have"));
    EXPECT_THAT(refusal({.class_scores = {{"open", 1.5F}}}), HasSubstr("must be 0 to 1"));
}

TEST_F(PublicExport, WritesEveryPrecision) {
    ASSERT_FALSE(board_.empty());
    const auto fp32 = write("fp32.onnx", {});
    ASSERT_TRUE(fp32.ok()) << fp32.error().message;
    const auto fp16 = write("fp16.onnx", {.precision = Precision::fp16});
    ASSERT_TRUE(fp16.ok()) << fp16.error().message;
    std::set<std::string> stages;
    std::size_t reads = 0;
    const Calibration calibration{.pictures = 3,
                                  .read = [&](std::size_t index) -> Result<ImageView> {
                                      EXPECT_LT(index, 3U);
                                      ++reads;
                                      return view();
                                  },
                                  .portable = true,
                                  .progress =
                                      [&](const std::string& stage, std::size_t done, std::size_t total) {
                                          EXPECT_LE(done, total);
                                          stages.insert(stage);
                                      }};
    const auto int8 = write("int8.onnx", {.precision = Precision::int8, .calibration = calibration});
    ASSERT_TRUE(int8.ok()) << int8.error().message;

    EXPECT_GE(reads, 3U);
    EXPECT_GE(stages.size(), 2U);
    EXPECT_LT(fp16->file_bytes * 10, fp32->file_bytes * 6);
    EXPECT_LT(int8->file_bytes * 10, fp32->file_bytes * 4);
    EXPECT_EQ(std::filesystem::file_size(int8->model), int8->file_bytes);
    EXPECT_TRUE(std::filesystem::exists(int8->report));
    ASSERT_FALSE(int8->warnings.empty());
    EXPECT_THAT(int8->warnings[0], HasSubstr("3"));
    const auto expected = run("fp32.onnx");
    ASSERT_FALSE(expected.empty());
    const auto half = run("fp16.onnx");
    ASSERT_EQ(half.size(), expected.size());
    for (std::size_t i = 0; i < half.size(); ++i) {
        EXPECT_EQ(half[i].label, expected[i].label);
        EXPECT_NEAR(half[i].score, expected[i].score, 0.01F);
    }
    const auto integers = run("int8.onnx");
    ASSERT_FALSE(integers.empty());
    EXPECT_EQ(integers[0].label, expected[0].label);
    EXPECT_NEAR(integers[0].score, expected[0].score, 0.2F);
    EXPECT_NE(integers[0].score, expected[0].score);
}

TEST_F(PublicExport, RefusesWhatCannotBeCalibrated) {
    EXPECT_THAT(refusal({.precision = Precision::int8}), HasSubstr("needs calibration pictures"));
    EXPECT_THAT(refusal({.precision = Precision::int8, .calibration = {.pictures = 3, .read = {}}}),
                HasSubstr("needs calibration pictures"));
    const auto picture = [this](std::size_t) -> Result<ImageView> { return view(); };
    EXPECT_THAT(refusal({.calibration = {.pictures = 3, .read = picture}}), HasSubstr("is for Precision::int8"));
    EXPECT_THAT(refusal({.opset = 12, .precision = Precision::int8, .calibration = {.pictures = 1, .read = picture}}),
                HasSubstr("int8 needs opset 13"));
    const auto unreadable = [](std::size_t) -> Result<ImageView> {
        return Error{ErrorCode::unreadable_input, "the camera is unplugged"};
    };
    EXPECT_THAT(refusal({.precision = Precision::int8, .calibration = {.pictures = 1, .read = unreadable}}),
                HasSubstr("the camera is unplugged"));
    const auto nothing = [](std::size_t) -> Result<ImageView> { return ImageView{}; };
    EXPECT_THAT(refusal({.precision = Precision::int8, .calibration = {.pictures = 1, .read = nothing}}),
                HasSubstr("calibration picture 0: "));
}

} // namespace
} // namespace detect::test
