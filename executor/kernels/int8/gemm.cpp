// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/gemm.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

constexpr std::size_t block_side = 32;
/// Rows of A, of a hundred to a thousand bytes, that stay in a second-level cache with the weights they meet.
constexpr std::size_t rows_at_a_time = 256;
/// Sums of more terms are taken in parts, so that rows and weights of a part stay in a second-level cache.
constexpr std::size_t terms_at_a_time = 1024;
constexpr std::size_t rows_in_parts = 512;
constexpr std::size_t columns_in_parts = 512;
constexpr std::array<std::size_t, 1> one_segment{0};

/// How C is cut into tasks.
struct Grid {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t row_tasks = 1;
    std::size_t column_tasks = 1;
    bool in_parts = false;
    /// For each worker.
    std::size_t partial_bytes = 0;
    std::size_t rescaled_bytes = 0;

    [[nodiscard]] std::size_t worker_bytes() const { return partial_bytes + rescaled_bytes; }
};

Grid grid_of(const Int8Matrix& b, std::size_t m, bool rescales, std::size_t threads) {
    Grid g;
    g.in_parts = b.k() >= 2 * terms_at_a_time && !rescales;
    const std::size_t most_rows = g.in_parts ? rows_in_parts : rows_at_a_time;
    const std::size_t row_tasks = g.in_parts ? divide_up(m, most_rows) : threads * divide_up(m, threads * most_rows);
    g.rows = round_up(divide_up(m, row_tasks), block_side);
    g.row_tasks = divide_up(m, g.rows);
    g.columns = g.in_parts ? std::min(columns_in_parts, b.columns()) : b.columns();
    // Few rows: columns are shared out too.
    if (g.row_tasks * divide_up(b.columns(), g.columns) < threads && !rescales) {
        g.columns = std::min(g.columns, round_up(divide_up(b.columns(), threads), block_side));
    }
    g.column_tasks = divide_up(b.columns(), g.columns);
    if (g.in_parts) {
        g.partial_bytes =
            round_up(std::min(g.rows, m), block_side) * round_up(g.columns, block_side) * sizeof(std::int32_t);
    }
    if (rescales) g.rescaled_bytes = round_up(g.rows * b.k(), cache_line_bytes);
    return g;
}

} // namespace

void int8_gemm_rows(const Int8Matrix& b, const std::uint8_t* a, std::size_t lda, std::size_t m,
                    std::span<const std::size_t> segments, const std::int32_t* rows_of_c, const Int8Finish& finish) {
    if (m == 0) return;
    Int8Product p;
    p.a = a;
    p.lda = lda;
    p.rows = m;
    p.segments = segments.data();
    p.segment_count = segments.size();
    p.segment_length = b.segment_length();
    p.b = b.weights(0);
    p.b_stride = b.stride();
    p.columns = b.columns();
    p.rows_of_c = rows_of_c;
    p.finish = b.finish(finish, 0, 0);
    b.kernels().product(p);
}

std::size_t int8_gemm_scratch_bytes(const Int8Matrix& b, std::size_t m, bool rescales, std::size_t threads) {
    return m == 0 ? 0 : threads * grid_of(b, m, rescales, threads).worker_bytes();
}

void int8_gemm(const Int8Matrix& b, const std::uint8_t* a, std::size_t lda, std::size_t m, const Int8Finish& finish,
               const Int8Rescale& rescale, std::span<std::byte> scratch, ThreadPool& pool) {
    if (m == 0) return;
    const bool rescales = rescale.factor != nullptr;
    const Grid g = grid_of(b, m, rescales, static_cast<std::size_t>(pool.threads()));
    pool.for_each_task(g.row_tasks * g.column_tasks, [&](std::size_t task, std::size_t worker) {
        const std::size_t row = task / g.column_tasks * g.rows;
        const std::size_t column = task % g.column_tasks * g.columns;
        std::byte* const memory = scratch.data() + worker * g.worker_bytes();
        Int8Product p;
        p.a = a + row * lda;
        p.lda = lda;
        p.rows = std::min(g.rows, m - row);
        p.segments = one_segment.data();
        p.segment_length = b.k();
        p.b = b.weights(column);
        p.b_stride = b.stride();
        p.columns = std::min(g.columns, b.columns() - column);
        p.finish = b.finish(finish, row, column);
        if (rescales) {
            auto* const rescaled = reinterpret_cast<std::uint8_t*>(memory);
            b.kernels().rescale(p.a, p.rows, b.k(), rescale.from_zero, rescale.factor, rescale.to_zero, rescaled);
            p.a = rescaled;
        }
        if (!g.in_parts) return b.kernels().product(p);
        p.partial = reinterpret_cast<std::int32_t*>(memory);
        const std::uint8_t* const all_a = p.a;
        const std::int8_t* const all_b = p.b;
        const std::size_t parts = b.k() / terms_at_a_time;
        for (std::size_t part = 0; part < parts; ++part) {
            const std::size_t first = part * terms_at_a_time;
            p.ends = part + 1 == parts;
            p.adds = part > 0;
            p.segment_length = p.ends ? b.k() - first : terms_at_a_time;
            p.a = all_a + first;
            p.b = all_b + b.offset_of(first);
            b.kernels().product(p);
        }
    });
}

} // namespace detect
