// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/crop.h"

#include "base/try.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

namespace detect::evaluation::html {

namespace {

constexpr double surroundings = 3.0;
constexpr double least_side = 96.0;
/// What a tile of the gallery shows, with some spare for screens of higher resolution.
constexpr int largest_file_side = 320;
constexpr int quality = 82;

struct PixelRange {
    int start = 0;
    int length = 0;
};

/// `side` pixels around a centre, moved into [0, size].
PixelRange around(double centre, double side, int size) {
    const int length = static_cast<int>(std::clamp(std::ceil(side), 1.0, static_cast<double>(size)));
    const double start = std::clamp(centre - length / 2.0, 0.0, static_cast<double>(size - length));
    return {static_cast<int>(start), length};
}

Picture smaller(Picture picture) {
    const int longer = std::max(picture.width, picture.height);
    if (longer <= largest_file_side) return picture;
    const double scale = static_cast<double>(largest_file_side) / longer;
    const auto scaled = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * scale))); };
    Picture small{
        .width = scaled(picture.width), .height = scaled(picture.height), .format = PixelFormat::rgb8, .pixels = {}};
    small.pixels.resize(3 * static_cast<std::size_t>(small.width) * static_cast<std::size_t>(small.height));
    const cv::Mat source(picture.height, picture.width, CV_8UC3, picture.pixels.data());
    cv::Mat target(small.height, small.width, CV_8UC3, small.pixels.data());
    cv::resize(source, target, target.size(), 0, 0, cv::INTER_AREA);
    return small;
}

} // namespace

Result<Crop> cut_out(const PictureReader& reader, const std::string& file, const std::optional<CocoBox>& box) {
    DETECT_TRY_ASSIGN(const Picture picture, reader(file));
    PixelRange columns{0, picture.width};
    PixelRange rows{0, picture.height};
    if (box) {
        const double side = std::max(least_side, surroundings * std::max(box->width, box->height));
        columns = around(box->x + box->width / 2.0, side, picture.width);
        rows = around(box->y + box->height / 2.0, side, picture.height);
    }
    ImageView view = picture.view();
    view.pixels = static_cast<const std::byte*>(view.pixels) +
                  static_cast<std::size_t>(rows.start) * view.stride_bytes +
                  static_cast<std::size_t>(columns.start) * bytes_per_pixel(view.format);
    view.width = columns.length;
    view.height = rows.length;
    DETECT_TRY_ASSIGN(Picture piece, to_rgb8(view));
    Crop crop{.x = columns.start, .y = rows.start, .width = columns.length, .height = rows.length, .jpeg = {}};
    DETECT_TRY_ASSIGN(crop.jpeg, encode_jpeg(smaller(std::move(piece)).view(), quality));
    return crop;
}

} // namespace detect::evaluation::html
