// SPDX-License-Identifier: Apache-2.0
// A cv::Mat becomes a view of the same pixels, or an error.

#include "detect/opencv.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

TEST(OpenCvHeader, DescribesWhatTheMatrixHolds) {
    for (const auto& [type, format] : {std::pair{CV_8UC1, PixelFormat::grey8}, std::pair{CV_16UC1, PixelFormat::grey16},
                                       std::pair{CV_8UC3, PixelFormat::bgr8}, std::pair{CV_8UC4, PixelFormat::bgra8}}) {
        const cv::Mat matrix(7, 9, type);
        const ImageView view = require(image_view(matrix));
        EXPECT_EQ(view.pixels, matrix.data);
        EXPECT_EQ(view.width, 9);
        EXPECT_EQ(view.height, 7);
        EXPECT_EQ(view.stride_bytes, 9 * matrix.elemSize());
        EXPECT_EQ(view.format, format);
    }
}

TEST(OpenCvHeader, APartOfAMatrixIsSeenAsThatPart) {
    const Pixels whole = noise(200, 160, 1);
    // The library reads its bytes as BGR; so does the other side below.
    cv::Mat matrix(160, 200, CV_8UC3);
    std::copy(whole.bytes.begin(), whole.bytes.end(), matrix.data);
    const cv::Mat part = matrix(cv::Rect(20, 10, 150, 140));
    Pixels cropped = crop(whole, 20, 10, 150, 140);
    cropped.format = PixelFormat::bgr8;
    const Detector detector = tiny_detector();
    const auto expected = require(detector.run(cropped.view())).detections;
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(require(run(detector, part)).detections, expected);
}

TEST(OpenCvHeader, RefusesWhatItCannotDescribe) {
    for (const int type : {CV_32FC3, CV_8UC2, CV_16UC3, CV_8SC1}) {
        const auto view = image_view(cv::Mat(4, 4, type));
        ASSERT_FALSE(view.ok()) << type;
        EXPECT_EQ(view.error().code, ErrorCode::invalid_argument);
        EXPECT_THAT(view.error().message, HasSubstr("CV_8UC3"));
    }
    const auto nothing = run(tiny_detector(), cv::Mat());
    ASSERT_FALSE(nothing.ok());
    EXPECT_THAT(nothing.error().message, HasSubstr("empty"));
    const int sizes[] = {3, 4, 5};
    EXPECT_FALSE(image_view(cv::Mat(3, sizes, CV_8UC1)).ok());
}

} // namespace
} // namespace detect::test
