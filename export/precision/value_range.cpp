// SPDX-License-Identifier: Apache-2.0
#include "export/precision/value_range.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace detect {

namespace {

using Histogram = std::vector<TensorStatistics::Bin>;

/// The share of numbers that the percentile leaves out, at both ends together.
constexpr double left_out = 1e-4;

/// Below this, a scale's reciprocal is no normal float any more.
constexpr double smallest_scale = 1e-30;

std::pair<double, double> percentile_range(const Histogram& histogram, double low, double high) {
    double total = 0.0;
    for (const auto& bin : histogram) total += static_cast<double>(bin.count);
    // A range that 0 ends is cut at its other end alone.
    const bool both = low < 0.0 && high > 0.0;
    const double cut = total * left_out / (both ? 2.0 : 1.0);
    const auto first_kept = [&](auto begin, auto end, double limit) {
        double passed = 0.0;
        for (auto bin = begin; bin != end; ++bin) {
            passed += static_cast<double>(bin->count);
            if (passed > cut) return bin->value;
        }
        return limit;
    };
    return {low < 0.0 ? std::max(low, first_kept(histogram.begin(), histogram.end(), low)) : low,
            high > 0.0 ? std::min(high, first_kept(histogram.rbegin(), histogram.rend(), high)) : high};
}

double squared_error(const Histogram& histogram, const Quantization& quantization) {
    const double scale = static_cast<double>(quantization.scale);
    const double least = scale * (quantization.least - quantization.zero_point);
    const double most = scale * (quantization.most - quantization.zero_point);
    double error = 0.0;
    for (const auto& bin : histogram) {
        const double kept = std::clamp(std::nearbyint(bin.value / scale) * scale, least, most);
        error += static_cast<double>(bin.count) * (bin.value - kept) * (bin.value - kept);
    }
    return error;
}

/// From the full range on, each end in turn is drawn in by steps of a fiftieth, down to a fifth, to where it is best.
Quantization least_squares(const Histogram& histogram, double low, double high, ActivationType type) {
    constexpr int steps = 40;
    constexpr double step = 0.02;
    constexpr int rounds = 2;
    std::array<double, 2> kept{1.0, 1.0};
    Quantization best = quantization_of_range(low, high, type);
    double least = squared_error(histogram, best);
    for (int turn = 0; turn < 2 * rounds; ++turn) {
        const std::size_t end = type == ActivationType::symmetric_int8 ? 0 : static_cast<std::size_t>(turn % 2);
        const std::array<double, 2> before = kept;
        for (int i = 0; i <= steps; ++i) {
            std::array<double, 2> tried = before;
            tried[end] = 1.0 - step * i;
            if (type == ActivationType::symmetric_int8) tried[1] = tried[0];
            const Quantization candidate = quantization_of_range(low * tried[1], high * tried[0], type);
            const double error = squared_error(histogram, candidate);
            if (error < least) {
                least = error;
                best = candidate;
                kept = tried;
            }
        }
    }
    return best;
}

} // namespace

float Quantization::round_trip(float x) const {
    const float integer = std::nearbyint(x / scale) + static_cast<float>(zero_point);
    return (std::clamp(integer, static_cast<float>(least), static_cast<float>(most)) - static_cast<float>(zero_point)) *
           scale;
}

Quantization quantization_of_range(double low, double high, ActivationType type) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
    Quantization result;
    if (type == ActivationType::symmetric_int8) {
        result.least = -128;
        result.most = 127;
        result.scale = static_cast<float>(std::max(std::max(-low, high) / 127.0, smallest_scale));
        return result;
    }
    result.scale = static_cast<float>(std::max((high - low) / 255.0, smallest_scale));
    const double zero_point = std::nearbyint(-low / static_cast<double>(result.scale));
    result.zero_point = static_cast<std::int32_t>(std::clamp(zero_point, 0.0, 255.0));
    return result;
}

std::vector<RangeCandidate> candidate_ranges(const TensorStatistics& statistics, ActivationType type) {
    const Histogram histogram = statistics.histogram();
    const auto low = static_cast<double>(statistics.low());
    const auto high = static_cast<double>(statistics.high());
    const auto [inner_low, inner_high] = percentile_range(histogram, low, high);
    return {{"min-max", quantization_of_range(low, high, type)},
            {"99.99 %", quantization_of_range(inner_low, inner_high, type)},
            {"least squares", least_squares(histogram, low, high, type)}};
}

} // namespace detect
