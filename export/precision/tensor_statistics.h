// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace detect {

/// What is kept of all the numbers that a tensor held on the calibration pictures: their range and a histogram, whose
/// bins double in width as often as a number needs it. 128 KiB, however many numbers there were.
class TensorStatistics {
public:
    /// Bins on each side of 0.
    static constexpr std::int64_t bins_per_side = 8192;

    struct Bin {
        /// Its middle.
        double value = 0.0;
        std::uint64_t count = 0;
    };

    /// The range of all `values`, the histogram of an evenly spaced part of them. False, and nothing added, if one is
    /// infinite or NaN.
    [[nodiscard]] bool add(std::span<const float> values);

    [[nodiscard]] float low() const { return low_; }
    [[nodiscard]] float high() const { return high_; }
    /// No number was seen.
    [[nodiscard]] bool empty() const { return low_ > high_; }
    /// Bins that are not empty, in ascending order; exact zeros have one of their own.
    [[nodiscard]] std::vector<Bin> histogram() const;

private:
    void widen_until_held(float largest_magnitude);

    float low_ = std::numeric_limits<float>::max();
    float high_ = std::numeric_limits<float>::lowest();
    std::uint64_t zeros_ = 0;
    double bin_width_ = 0.0;
    std::vector<std::uint64_t> bins_;
};

} // namespace detect
