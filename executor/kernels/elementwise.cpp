// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/elementwise.h"

#include <algorithm>

namespace detect {

namespace {

/// Floats that are worth a task.
constexpr std::size_t floats_per_task = 16384;

std::size_t rows_per_task(std::size_t row) {
    return std::max(floats_per_task / std::max(row, std::size_t{1}), std::size_t{1});
}

/// y [columns, rows] = transposed x [rows, columns], for each of `batch` matrices, a square at a time.
void transpose(const float* x, std::size_t batch, std::size_t rows, std::size_t columns, float* y, ThreadPool& pool) {
    constexpr std::size_t side = 16;
    const std::size_t row_blocks = (rows + side - 1) / side;
    pool.parallel_for(batch * row_blocks, rows_per_task(side * columns), [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) {
            const float* from = x + task / row_blocks * rows * columns;
            float* to = y + task / row_blocks * rows * columns;
            const std::size_t first = task % row_blocks * side;
            const std::size_t last = std::min(first + side, rows);
            for (std::size_t c = 0; c < columns; c += side) {
                const std::size_t last_column = std::min(c + side, columns);
                for (std::size_t j = c; j < last_column; ++j) {
                    for (std::size_t i = first; i < last; ++i) to[j * rows + i] = from[i * columns + j];
                }
            }
        }
    });
}

} // namespace

void activate(const KernelTable& kernels, Activation activation, const float* x, float* y, std::size_t count,
              ThreadPool& pool) {
    pool.parallel_for(count, floats_per_task, [&](std::size_t begin, std::size_t end) {
        kernels.activate(x + begin, y + begin, end - begin, activation);
    });
}

void add(const KernelTable& kernels, Activation activation, const float* a, const float* b, float* y, std::size_t count,
         ThreadPool& pool) {
    pool.parallel_for(count, floats_per_task, [&](std::size_t begin, std::size_t end) {
        kernels.add(a + begin, b + begin, y + begin, end - begin, activation);
    });
}

void scale_channels(const KernelTable& kernels, const float* x, const float* gate, const MapSize& size,
                    std::size_t channels, float* y, ThreadPool& pool) {
    const std::size_t row = size.width * channels;
    pool.parallel_for(size.batch * size.height, rows_per_task(row), [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) {
            kernels.scale_channels(x + r * row, gate + r / size.height * channels, y + r * row, size.width, channels);
        }
    });
}

void softmax_rows(const KernelTable& kernels, const float* x, std::size_t rows, std::size_t columns, float* y,
                  ThreadPool& pool) {
    if (columns == 0) return;
    pool.parallel_for(rows, rows_per_task(columns), [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) kernels.softmax_row(x + r * columns, columns, y + r * columns);
    });
}

void long_softmax_rows(const KernelTable& kernels, const float* x, std::size_t rows, std::size_t columns, float* y,
                       ThreadPool& pool) {
    if (columns == 0) return;
    pool.parallel_for(rows, rows_per_task(columns), [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) kernels.long_softmax_row(x + r * columns, columns, y + r * columns);
    });
}

void layer_norm_rows(const KernelTable& kernels, const float* x, std::size_t rows, std::size_t columns, float epsilon,
                     const float* scale, const float* bias, float* y, ThreadPool& pool) {
    if (columns == 0) return;
    pool.parallel_for(rows, rows_per_task(columns), [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) {
            kernels.layer_norm_row({.x = x + r * columns,
                                    .scale = scale,
                                    .bias = bias,
                                    .epsilon = epsilon,
                                    .count = columns,
                                    .y = y + r * columns});
        }
    });
}

void to_channels_last(const float* x, const MapSize& size, std::size_t channels, float* y, ThreadPool& pool) {
    transpose(x, size.batch, channels, size.height * size.width, y, pool);
}

void to_channels_first(const float* x, const MapSize& size, std::size_t channels, float* y, ThreadPool& pool) {
    transpose(x, size.batch, size.height * size.width, channels, y, pool);
}

} // namespace detect
