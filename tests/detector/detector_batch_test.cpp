// SPDX-License-Identifier: Apache-2.0
// Several pictures in one call: each gives what it gives alone, in the order they came.

#include "tests/detector/sample_network.h"
#include "tests/support/require.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class DetectorBatch : public testing::TestWithParam<OutputLayout> {
protected:
    std::vector<Detection> alone(const Pixels& picture) const {
        return require(detector_.run(picture.view())).detections;
    }

    /// Parts of the board with different objects, all of one size.
    static std::vector<Pixels> parts(int count) {
        std::vector<Pixels> result;
        for (int i = 0; i < count; ++i) result.push_back(crop(sample_board(), 20 * i, 30 * (count - 1 - i), 320, 280));
        return result;
    }
    static std::vector<ImageView> views(const std::vector<Pixels>& pictures) {
        std::vector<ImageView> result;
        for (const Pixels& picture : pictures) result.push_back(picture.view());
        return result;
    }
    void expect_each_as_alone(const std::vector<ImageResult>& results, const std::vector<Pixels>& pictures) const {
        ASSERT_EQ(results.size(), pictures.size());
        for (std::size_t i = 0; i < results.size(); ++i)
            EXPECT_EQ(results[i].detections, alone(pictures[i])) << "picture " << i;
    }

    Detector detector_ = sample_detector({}, GetParam());
};

TEST_P(DetectorBatch, PicturesOfOneSize) {
    // More than go into one run.
    const auto pictures = parts(11);
    ASSERT_NE(alone(pictures[0]), alone(pictures[1]));
    expect_each_as_alone(require(detector_.run(views(pictures))), pictures);
}

TEST_P(DetectorBatch, PicturesOfManySizesKeepTheirOrder) {
    std::vector<Pixels> pictures = parts(5);
    pictures.insert(pictures.begin() + 1, crop(sample_board(), 0, 0, 640, 200));
    pictures.insert(pictures.begin() + 3, crop(sample_board(), 30, 40, 100, 600));
    pictures.push_back(crop(sample_board(), 0, 440, 640, 200));
    pictures.push_back(crop(sample_board(), 0, 0, 1, 1));
    expect_each_as_alone(require(detector_.run(views(pictures))), pictures);
}

TEST_P(DetectorBatch, NoPicturesGiveNoResults) {
    EXPECT_THAT(require(detector_.run(std::span<const ImageView>())), IsEmpty());
}

TEST_P(DetectorBatch, OnePictureThatMakesNoSenseStopsTheCall) {
    const auto pictures = parts(3);
    auto given = views(pictures);
    given[1].pixels = nullptr;
    const auto result = detector_.run(given);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
}

TEST_P(DetectorBatch, AReadyTensorGivesWhatItsPicturesGive) {
    const auto pictures = parts(3);
    const std::vector<float> batch = to_batch(pictures);
    expect_each_as_alone(require(detector_.run(TensorView{batch.data(), 3, 280, 320})), pictures);
    const std::size_t each = batch.size() / 3;
    const auto second = require(detector_.run(TensorView{batch.data() + each, 1, 280, 320}));
    EXPECT_EQ(second.front().detections, alone(pictures[1]));
}

TEST_P(DetectorBatch, AnEmptyPictureAmongOthersChangesNothing) {
    auto pictures = parts(2);
    pictures.insert(pictures.begin() + 1,
                    Pixels{.width = 320, .height = 280, .bytes = std::vector<std::uint8_t>(3 * 320 * 280, 128)});
    const auto results = require(detector_.run(views(pictures)));
    EXPECT_THAT(results[1].detections, IsEmpty());
    expect_each_as_alone(results, pictures);
}

INSTANTIATE_TEST_SUITE_P(, DetectorBatch, testing::Values(OutputLayout::batched, OutputLayout::torchvision),
                         [](const auto& layout) {
                             return layout.param == OutputLayout::batched ? "Batched" : "Torchvision";
                         });

TEST(DetectorTensor, BothLayoutsFindTheSame) {
    const auto& board = sample_board();
    const auto batched = require(sample_detector().run(board.view()));
    ASSERT_GT(batched.detections.size(), 5U);
    EXPECT_EQ(require(sample_detector({}, OutputLayout::torchvision).run(board.view())).detections, batched.detections);
}

TEST(DetectorTensor, ValuesOutsideTheRangeAreRefusedWithTheRangeAndTheRemedy) {
    const Detector detector = sample_detector();
    std::vector<float> values(2 * 3 * 16 * 16, 0.5F);
    const TensorView view{values.data(), 2, 16, 16};
    const auto refusal = [&](float odd) {
        values.back() = odd;
        const auto result = detector.run(view);
        EXPECT_FALSE(result.ok()) << odd;
        if (result.ok()) return std::string();
        EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
        return result.error().message;
    };
    EXPECT_THAT(refusal(255.0F), AllOf(HasSubstr("from 0.5 to 255"), HasSubstr("values reach 255: divide by 255")));
    EXPECT_THAT(refusal(65535.0F), HasSubstr("divide by 65535"));
    EXPECT_THAT(refusal(-2.1F), AllOf(HasSubstr("from -2.1 to 0.5"), HasSubstr("normalised already")));
    EXPECT_THAT(refusal(1.01F), HasSubstr("from 0.5 to 1.01"));
    EXPECT_THAT(refusal(std::numeric_limits<float>::quiet_NaN()), HasSubstr("NaN"));
    EXPECT_THAT(refusal(std::numeric_limits<float>::infinity()), HasSubstr("infinity"));
    for (const float rounding : {1.00001F, -0.00001F, 1.0F, 0.0F}) {
        values.back() = rounding;
        EXPECT_TRUE(detector.run(view).ok()) << rounding;
    }
}

TEST(DetectorTensor, SizesThatMakeNoSenseAreRefused) {
    const Detector detector = sample_detector();
    const std::vector<float> values(3 * 16 * 16, 0.5F);
    for (const TensorView& view :
         {TensorView{nullptr, 1, 16, 16}, TensorView{values.data(), 0, 16, 16}, TensorView{values.data(), 1, 0, 16},
          TensorView{values.data(), 1, 16, -16}, TensorView{}}) {
        const auto result = detector.run(view);
        ASSERT_FALSE(result.ok());
        EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    }
}

} // namespace
} // namespace detect::test
