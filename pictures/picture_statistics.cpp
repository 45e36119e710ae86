// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture_statistics.h"

#include "base/try.h"
#include "pictures/image_to_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace detect {

namespace {

/// Sums over values, each of which may count more than once.
class Sums {
public:
    void add(double value, double times) {
        min_ = std::min(min_, value);
        max_ = std::max(max_, value);
        count_ += times;
        sum_ += value * times;
        sum_of_squares_ += value * value * times;
    }
    [[nodiscard]] PictureStatistics statistics() const {
        const double mean = sum_ / count_;
        const double variance = std::max(0.0, sum_of_squares_ / count_ - mean * mean);
        return {.min = min_, .max = max_, .mean = mean, .standard_deviation = std::sqrt(variance)};
    }

private:
    double min_ = std::numeric_limits<double>::infinity();
    double max_ = -std::numeric_limits<double>::infinity();
    double count_ = 0.0;
    double sum_ = 0.0;
    double sum_of_squares_ = 0.0;
};

Sums sum_floats(const ImageView& view) {
    Sums sums;
    for (std::size_t y = 0; y < static_cast<std::size_t>(view.height); ++y) {
        const auto* values = reinterpret_cast<const float*>(row_of(view, y));
        for (std::size_t i = 0; i < 3 * static_cast<std::size_t>(view.width); ++i)
            sums.add(static_cast<double>(values[i]), 1.0);
    }
    return sums;
}

/// Whole numbers are counted first, which takes a fraction of the time. `Used` of the `Channels` of a pixel count.
template <class Sample, std::size_t Channels, std::size_t Used>
Sums sum_counts(const ImageView& view) {
    std::vector<std::uint64_t> counts(std::size_t{std::numeric_limits<Sample>::max()} + 1);
    for (std::size_t y = 0; y < static_cast<std::size_t>(view.height); ++y) {
        const auto* pixel = reinterpret_cast<const Sample*>(row_of(view, y));
        for (int x = 0; x < view.width; ++x, pixel += Channels) {
            for (std::size_t channel = 0; channel < Used; ++channel) ++counts[pixel[channel]];
        }
    }
    Sums sums;
    const auto white = static_cast<double>(white_of(view));
    for (std::size_t value = 0; value < counts.size(); ++value) {
        if (counts[value] > 0) sums.add(static_cast<double>(value) / white, static_cast<double>(counts[value]));
    }
    return sums;
}

Sums sum(const ImageView& view) {
    switch (view.format) {
    case PixelFormat::grey8: return sum_counts<std::uint8_t, 1, 1>(view);
    case PixelFormat::grey16: return sum_counts<std::uint16_t, 1, 1>(view);
    case PixelFormat::rgb8:
    case PixelFormat::bgr8: return sum_counts<std::uint8_t, 3, 3>(view);
    case PixelFormat::rgba8:
    case PixelFormat::bgra8: return sum_counts<std::uint8_t, 4, 3>(view);
    case PixelFormat::rgb16: return sum_counts<std::uint16_t, 3, 3>(view);
    case PixelFormat::rgb_float: return sum_floats(view);
    }
    return {};
}

} // namespace

Result<PictureStatistics> measure(const ImageView& picture) {
    DETECT_TRY(check_view(picture));
    return sum(picture).statistics();
}

} // namespace detect
