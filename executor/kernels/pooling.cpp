// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/pooling.h"

#include "executor/kernels/rounding.h"

#include <algorithm>
#include <limits>

namespace detect {

namespace {

/// The taps of a window along one axis that lie inside the picture: [first, last). The rest may be any number.
struct Taps {
    std::size_t first = 0;
    std::size_t last = 0;

    /// `start`: of the window, counted from the start of the padding.
    Taps(std::size_t start, std::size_t pad, std::size_t dilation, std::size_t kernel, std::size_t size) {
        if (start < pad) first = divide_up(pad - start, dilation);
        if (start < pad + size) last = std::min(divide_up(pad + size - start, dilation), kernel);
    }
};

} // namespace

void global_average_pool(const KernelTable& kernels, const float* x, const MapSize& size, std::size_t channels,
                         float* mean, ThreadPool& pool) {
    constexpr std::size_t part = 64;
    const std::size_t parts = (channels + part - 1) / part;
    const double pixels = static_cast<double>(size.height * size.width);
    pool.parallel_for(size.batch * parts, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) {
            const std::size_t n = task / parts;
            const std::size_t first = task % parts * part;
            const std::size_t count = std::min(part, channels - first);
            std::array<double, part> sums{};
            for (std::size_t row = 0; row < size.height; ++row) {
                std::array<float, part> of_row{};
                kernels.sum_pixels(x + (n * size.height + row) * size.width * channels + first, channels, size.width,
                                   count, of_row.data());
                for (std::size_t c = 0; c < count; ++c) sums[c] += static_cast<double>(of_row[c]);
            }
            for (std::size_t c = 0; c < count; ++c)
                mean[n * channels + first + c] = static_cast<float>(sums[c] / pixels);
        }
    });
}

void max_pool(const KernelTable& kernels, const MaxPoolParameters& p, const float* x, const MapSize& size,
              std::size_t channels, float* y, ThreadPool& pool) {
    pool.parallel_for(size.batch * p.output_height, 1, [&](std::size_t begin, std::size_t end) {
        std::array<const float*, 64> window{};
        for (std::size_t task = begin; task < end; ++task) {
            const float* picture = x + task / p.output_height * size.height * size.width * channels;
            const std::size_t top = task % p.output_height * p.stride_h;
            const Taps down(top, p.pad_top, p.dilation_h, p.kernel_h, size.height);
            for (std::size_t column = 0; column < p.output_width; ++column) {
                float* to = y + (task * p.output_width + column) * channels;
                std::fill_n(to, channels, -std::numeric_limits<float>::infinity());
                std::size_t used = 0;
                const std::size_t left = column * p.stride_w;
                const Taps across(left, p.pad_left, p.dilation_w, p.kernel_w, size.width);
                for (std::size_t i = down.first; i < down.last; ++i) {
                    const float* row = picture + (top + i * p.dilation_h - p.pad_top) * size.width * channels;
                    for (std::size_t j = across.first; j < across.last; ++j) {
                        if (used == window.size()) {
                            kernels.max_pixels(window.data(), used, channels, to);
                            window[0] = to;
                            used = 1;
                        }
                        window[used++] = row + (left + j * p.dilation_w - p.pad_left) * channels;
                    }
                }
                if (used > 0) kernels.max_pixels(window.data(), used, channels, to);
            }
        }
    });
}

} // namespace detect
