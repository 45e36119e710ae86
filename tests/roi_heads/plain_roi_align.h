// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roi_heads/roi_align_kernel.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace detect::test {

/// torchvision's sampler, one sample and one channel at a time, in double.
inline double plain_sample(const float* x, const MapSize& size, std::size_t channels, std::size_t c, double row,
                           double column) {
    const auto height = static_cast<double>(size.height);
    const auto width = static_cast<double>(size.width);
    if (!(row >= -1. && row <= height && column >= -1. && column <= width)) return 0.;
    const auto split = [](double at, std::size_t count) {
        at = std::max(at, 0.);
        const std::size_t low = std::min(static_cast<std::size_t>(at), count - 1);
        return std::tuple{low, std::min(low + 1, count - 1), low + 1 >= count ? 0. : at - static_cast<double>(low)};
    };
    const auto [top, bottom, down] = split(row, size.height);
    const auto [left, right, across] = split(column, size.width);
    const auto at = [&](std::size_t r, std::size_t k) {
        return static_cast<double>(x[(r * size.width + k) * channels + c]);
    };
    return (1. - down) * ((1. - across) * at(top, left) + across * at(top, right)) +
           down * ((1. - across) * at(bottom, left) + across * at(bottom, right));
}

/// [pooled_h, pooled_w, C] of one RoI.
inline std::vector<double> plain_roi_align(const RoiAlignParameters& p, const float* x, const MapSize& size,
                                           std::size_t channels, const float* roi) {
    // Positions in float32 as there: a sample may lie right on the limit of what counts.
    const float offset = p.aligned ? 0.5F : 0.F;
    const auto scaled = [&](float corner) { return corner * p.spatial_scale - offset; };
    float width = scaled(roi[2]) - scaled(roi[0]);
    float height = scaled(roi[3]) - scaled(roi[1]);
    if (!p.aligned) {
        width = std::max(width, 1.F);
        height = std::max(height, 1.F);
    }
    const float bin_h = height / static_cast<float>(p.pooled_h);
    const float bin_w = width / static_cast<float>(p.pooled_w);
    const auto position = [](float start, float bin_size, std::size_t bin, std::size_t sample, std::size_t count) {
        return start + static_cast<float>(bin) * bin_size +
               (static_cast<float>(sample) + 0.5F) * bin_size / static_cast<float>(count);
    };
    const auto samples = [&](float bin) {
        return p.sampling_ratio > 0 ? p.sampling_ratio : static_cast<std::size_t>(std::max(std::ceil(bin), 0.F));
    };
    const std::size_t down = samples(bin_h);
    const std::size_t across = samples(bin_w);
    std::vector<double> y(p.pooled_h * p.pooled_w * channels);
    for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t bin = i / channels;
        for (std::size_t s = 0; s < down * across; ++s) {
            const double row = position(scaled(roi[1]), bin_h, bin / p.pooled_w, s / across, down);
            const double column = position(scaled(roi[0]), bin_w, bin % p.pooled_w, s % across, across);
            y[i] += plain_sample(x, size, channels, i % channels, row, column);
        }
        y[i] /= static_cast<double>(std::max(down * across, std::size_t{1}));
    }
    return y;
}

} // namespace detect::test
