// SPDX-License-Identifier: Apache-2.0
#include "export/precision/tensor_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace detect {

namespace {

/// So many numbers of a tensor go into its histogram for each picture, at most.
constexpr std::size_t most_sampled = 65536;

/// Spaced evenly. Odd, so that it does not stay in the same columns of a map with an even width.
std::size_t sampling_step(std::size_t count) { return (count / most_sampled) | 1U; }

struct Range {
    float low = std::numeric_limits<float>::max();
    float high = std::numeric_limits<float>::lowest();
    bool finite = true;
};

/// In lanes without branches, which compilers turn into vector instructions.
Range range_of(std::span<const float> values) {
    constexpr std::size_t lanes = 16;
    std::array<float, lanes> low;
    std::array<float, lanes> high;
    std::array<float, lanes> nothing{};
    low.fill(Range{}.low);
    high.fill(Range{}.high);
    const auto take = [&](std::size_t lane, float x) {
        low[lane] = x < low[lane] ? x : low[lane];
        high[lane] = x > high[lane] ? x : high[lane];
        nothing[lane] += x - x; // NaN for infinity and NaN, for good
    };
    const std::size_t whole = values.size() / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) take(lane, values[i + lane]);
    }
    for (std::size_t i = whole; i < values.size(); ++i) take(i - whole, values[i]);
    return {*std::ranges::min_element(low), *std::ranges::max_element(high),
            std::ranges::all_of(nothing, [](float x) { return x == 0.0F; })};
}

} // namespace

bool TensorStatistics::add(std::span<const float> values) {
    const Range range = range_of(values);
    if (!range.finite) return false;
    low_ = std::min(low_, range.low);
    high_ = std::max(high_, range.high);
    if (empty()) return true;
    widen_until_held(std::max(std::abs(low_), std::abs(high_)));
    const std::size_t step = sampling_step(values.size());
    const double per_bin = 1.0 / bin_width_; // exact: a power of two
    for (std::size_t i = 0; i < values.size(); i += step) {
        if (values[i] == 0.0F) {
            ++zeros_;
            continue;
        }
        const auto bin = static_cast<std::int64_t>(std::floor(static_cast<double>(values[i]) * per_bin));
        ++bins_[static_cast<std::size_t>(bin + bins_per_side)];
    }
    return true;
}

/// Bins are as wide as a power of two, so that two of them make one of the next size.
void TensorStatistics::widen_until_held(float largest_magnitude) {
    if (bins_.empty()) {
        bins_.assign(2 * bins_per_side, 0);
        const double magnitude = std::max(static_cast<double>(largest_magnitude), 1e-30);
        bin_width_ = std::exp2(std::floor(std::log2(magnitude / static_cast<double>(bins_per_side))));
    }
    while (static_cast<double>(largest_magnitude) >= bin_width_ * static_cast<double>(bins_per_side)) {
        std::vector<std::uint64_t> merged(bins_.size(), 0);
        for (std::int64_t bin = -bins_per_side; bin < bins_per_side; ++bin) {
            merged[static_cast<std::size_t>((bin >> 1) + bins_per_side)] +=
                bins_[static_cast<std::size_t>(bin + bins_per_side)];
        }
        bins_ = std::move(merged);
        bin_width_ *= 2.0;
    }
}

std::vector<TensorStatistics::Bin> TensorStatistics::histogram() const {
    std::vector<Bin> result;
    for (std::int64_t bin = -bins_per_side; bin < static_cast<std::int64_t>(bins_.size()) - bins_per_side; ++bin) {
        if (bin == 0 && zeros_ > 0) result.push_back({0.0, zeros_});
        const std::uint64_t count = bins_[static_cast<std::size_t>(bin + bins_per_side)];
        if (count > 0) result.push_back({(static_cast<double>(bin) + 0.5) * bin_width_, count});
    }
    return result;
}

} // namespace detect
