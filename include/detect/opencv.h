// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenCV's pictures for the detector. Only this header needs OpenCV, and only its core; nothing is copied.

#include <detect/detector.h>

#include <opencv2/core/mat.hpp>

namespace detect {

/// A matrix as OpenCV's cameras and readers give it: 1 channel of 8 or 16 bits is grey, 3 or 4 of 8 bits are BGR or
/// BGRA. The view lives as long as the matrix's data. `invalid_argument` for other types, and for an empty matrix (what
/// cv::imread gives for a file it cannot read).
inline Result<ImageView> image_view(const cv::Mat& matrix) {
    if (matrix.empty()) return Error{ErrorCode::invalid_argument, "the cv::Mat is empty: was there a picture to read?"};
    if (matrix.dims != 2) return Error{ErrorCode::invalid_argument, "the cv::Mat has more than two dimensions"};
    ImageView view{matrix.data, matrix.cols, matrix.rows, matrix.step[0], PixelFormat::bgr8};
    switch (matrix.type()) {
    case CV_8UC1: view.format = PixelFormat::grey8; return view;
    case CV_16UC1: view.format = PixelFormat::grey16; return view;
    case CV_8UC3: return view;
    case CV_8UC4: view.format = PixelFormat::bgra8; return view;
    default:
        return Error{ErrorCode::invalid_argument,
                     "the cv::Mat must be CV_8UC1, CV_16UC1, CV_8UC3 (BGR) or CV_8UC4 (BGRA): convert it first"};
    }
}

/// Detector::run on a matrix.
inline Result<ImageResult> run(const Detector& detector, const cv::Mat& matrix) {
    const Result<ImageView> view = image_view(matrix);
    if (!view) return view.error();
    return detector.run(*view);
}

} // namespace detect
