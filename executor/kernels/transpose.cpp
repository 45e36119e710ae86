// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/transpose.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace detect {

namespace {

constexpr std::size_t max_rank = 8;
/// Bytes that are worth a task.
constexpr std::size_t bytes_per_task = 65536;
/// Of the squares in which elements change places: a line of the cache holds as many floats.
constexpr std::size_t side = 16;

/// An axis of y, and how far apart its elements lie in x.
struct Axis {
    std::size_t size = 1;
    std::size_t stride = 0;
};

/// y's axes, outermost first, without those of one element; neighbours that x runs through alike are one.
struct Axes {
    std::size_t rank = 0;
    std::array<Axis, max_rank> axis{};
    std::size_t elements = 1;

    Axes(std::span<const std::int64_t> sizes, std::span<const std::size_t> permutation) {
        std::array<std::size_t, max_rank> stride{};
        for (std::size_t i = sizes.size(); i-- > 0;) {
            stride[i] = elements;
            elements *= static_cast<std::size_t>(sizes[i]);
        }
        for (const std::size_t from : permutation) {
            const Axis next{static_cast<std::size_t>(sizes[from]), stride[from]};
            if (next.size == 1) continue;
            if (rank > 0 && axis[rank - 1].stride == next.stride * next.size) {
                axis[rank - 1] = {axis[rank - 1].size * next.size, next.stride};
            } else {
                axis[rank++] = next;
            }
        }
        if (rank == 0) axis[rank++] = {1, 1};
    }

    /// Where in x the elements of y begin whose outer axes, up to `last`, have this number.
    [[nodiscard]] std::size_t offset(std::size_t number, std::size_t last) const {
        std::size_t offset = 0;
        for (std::size_t i = last; i-- > 0;) {
            offset += number % axis[i].size * axis[i].stride;
            number /= axis[i].size;
        }
        return offset;
    }
};

/// Rows of y that are rows of x too.
void copy_rows(const Axes& axes, std::size_t element_bytes, const std::byte* x, std::byte* y, ThreadPool& pool) {
    const std::size_t row = axes.axis[axes.rank - 1].size * element_bytes;
    const std::size_t rows = axes.elements * element_bytes / row;
    pool.parallel_for(rows, std::max(bytes_per_task / row, std::size_t{1}), [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) {
            std::memcpy(y + r * row, x + axes.offset(r, axes.rank - 1) * element_bytes, row);
        }
    });
}

/// Runs through y's last axis and the one that is x's last, a square at a time.
template <class T>
void transpose_squares(const Axes& axes, std::size_t x_last, const std::byte* x_bytes, std::byte* y_bytes,
                       ThreadPool& pool) {
    const T* const x = reinterpret_cast<const T*>(x_bytes);
    T* const y = reinterpret_cast<T*>(y_bytes);
    const Axis inner = axes.axis[axes.rank - 1];
    const std::size_t columns = axes.axis[x_last].size;
    // In y: from an element of x's last axis to the next.
    std::size_t step = inner.size;
    for (std::size_t i = x_last + 1; i + 1 < axes.rank; ++i) step *= axes.axis[i].size;
    const std::size_t between = step / inner.size;
    const std::size_t outer = axes.elements / (columns * step);
    const std::size_t blocks = (columns + side - 1) / side;

    const std::size_t task_bytes = side * inner.size * sizeof(T);
    pool.parallel_for(outer * between * blocks, std::max(bytes_per_task / task_bytes, std::size_t{1}),
                      [&](std::size_t begin, std::size_t end) {
                          for (std::size_t task = begin; task < end; ++task) {
                              const std::size_t first = task % blocks * side;
                              const std::size_t last = std::min(first + side, columns);
                              const std::size_t middle = task / blocks % between;
                              const std::size_t front = task / blocks / between;
                              // The number of the axes before the inner one, x's last at 0.
                              const T* const from =
                                  x + axes.offset((front * columns) * between + middle, axes.rank - 1);
                              T* const to = y + (front * columns * between + middle) * inner.size;
                              for (std::size_t i = 0; i < inner.size; i += side) {
                                  const std::size_t end_of_square = std::min(i + side, inner.size);
                                  for (std::size_t c = first; c < last; ++c) {
                                      for (std::size_t j = i; j < end_of_square; ++j)
                                          to[c * step + j] = from[j * inner.stride + c];
                                  }
                              }
                          }
                      });
}

} // namespace

void transpose(std::span<const std::int64_t> sizes, std::span<const std::size_t> permutation, std::size_t element_bytes,
               const std::byte* x, std::byte* y, ThreadPool& pool) {
    const Axes axes(sizes, permutation);
    if (axes.elements == 0) return;
    if (axes.axis[axes.rank - 1].stride == 1) {
        copy_rows(axes, element_bytes, x, y, pool);
        return;
    }
    std::size_t x_last = 0;
    while (axes.axis[x_last].stride != 1) ++x_last;
    switch (element_bytes) {
    case 1: transpose_squares<std::uint8_t>(axes, x_last, x, y, pool); break;
    case 2: transpose_squares<std::uint16_t>(axes, x_last, x, y, pool); break;
    case 4: transpose_squares<std::uint32_t>(axes, x_last, x, y, pool); break;
    default: transpose_squares<std::uint64_t>(axes, x_last, x, y, pool); break;
    }
}

} // namespace detect
