// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/gemm.h"

#include "executor/kernels/rounding.h"
#include "executor/kernels/split_gemm.h"

#include <algorithm>

namespace detect {

namespace {

/// Terms that are summed in one chain. A longer sum is the sum of such blocks, each rounded on its own: where they
/// begin and end depends on K alone, or results would depend on company. The last has what is left.
constexpr std::size_t block_depth = 64;
/// Blocks that a tile sums up before it writes to C; its rows of A stay in a first-level cache meanwhile.
constexpr std::size_t blocks_at_a_time = 8;
/// A block of B that stays in a second-level cache while the rows of A pass by.
constexpr std::size_t block_bytes = std::size_t{512} << 10U;
/// Packed weights beyond this are read by one thread each, rather than by every one.
constexpr std::size_t large_weights_bytes = std::size_t{1} << 20U;
constexpr std::size_t tasks_per_thread = 4;
/// On tiles a task has to pay for splitting its part of A and B first.
constexpr std::size_t split_tasks_per_thread = 1;
constexpr std::size_t least_split_rows = 128;

struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Part `index` of `parts` equal ones.
Range part(std::size_t begin, std::size_t end, std::size_t index, std::size_t parts) {
    return {begin + (end - begin) * index / parts, begin + (end - begin) * (index + 1) / parts};
}

/// The rows [0, m) of C in some panels, for k in a range of blocks. A tile's rows of A stay in the first-level cache
/// from panel to panel. C and the residual start at the first panel's first column.
void multiply_blocks(const PackedView& b, const Range& panels, const Range& k, const float* a, std::size_t lda,
                     std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue) {
    const bool ends = k.end == b.k;
    std::array<const float*, max_tile_rows> rows{};
    GemmTile tile;
    tile.a = rows.data();
    tile.segment_length = k.end - k.begin;
    tile.ldc = ldc;
    tile.block_length = block_depth;
    tile.adds = k.begin > 0;
    tile.activation = ends ? epilogue.activation : Activation::none;
    tile.residual_stride = epilogue.residual_stride;
    const PackedView::Panel front = b.panel(panels.begin);
    const PackedView::Panel back = b.panel(panels.end - 1);
    const auto multiply = [&](const PackedView::Panel& panel, std::size_t first, std::size_t count) {
        tile.b = b.weights + panel.offset + k.begin * panel.vectors * b.kernels->lanes;
        tile.bias = ends ? b.bias + panel.column : nullptr;
        tile.columns = panel.columns;
        const std::size_t column = panel.column - front.column;
        for (std::size_t i = 0; i < count; ++i) rows[i] = a + (first + i) * lda + k.begin;
        tile.c = c + first * ldc + column;
        if (ends && epilogue.residual != nullptr) {
            tile.residual = epilogue.residual + first * epilogue.residual_stride + column;
        }
        b.kernels->gemm_tiles[panel.vectors][count](tile);
    };

    // All panels are alike but the last one, which may be narrower, or wider and then takes fewer rows at a time.
    const std::size_t tiles = divide_up(m, b.kernels->tile_rows[front.vectors]);
    const std::size_t rows_of_back = b.kernels->tile_rows[back.vectors];
    const std::size_t least = m / tiles;
    std::size_t first = 0;
    for (std::size_t t = 0; t < tiles; ++t) {
        const std::size_t count = least + (t < m % tiles ? 1 : 0);
        PackedView::Panel panel = front;
        for (std::size_t p = panels.begin; p + 1 < panels.end; ++p) {
            multiply(panel, first, count);
            panel.column += front.columns;
            panel.offset += front.columns * b.k;
        }
        if (count <= rows_of_back) {
            multiply(back, first, count);
        } else {
            multiply(back, first, count / 2);
            multiply(back, first + count / 2, count - count / 2);
        }
        first += count;
    }
}

} // namespace

void gemm_panels(const PackedView& b, std::size_t first_panel, std::size_t last_panel, const float* a, std::size_t lda,
                 std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue, std::span<std::byte> scratch) {
    if (m == 0) return;
    if (b.split != nullptr) {
        split_gemm_panels(b, first_panel, last_panel, a, lda, m, c, ldc, epilogue, scratch);
        return;
    }
    constexpr std::size_t depth = blocks_at_a_time * block_depth;
    const std::size_t panel_bytes = std::min(b.k, depth) * 2 * b.kernels->lanes * sizeof(float);
    const std::size_t group = std::max(block_bytes / std::max(panel_bytes, std::size_t{1}), std::size_t{1});
    const std::size_t groups = divide_up(last_panel - first_panel, group);
    for (std::size_t g = 0; g < groups; ++g) {
        const Range panels = part(first_panel, last_panel, g, groups);
        const std::size_t column = b.panel(panels.begin).column - b.panel(first_panel).column;
        Epilogue of_group = epilogue;
        if (epilogue.residual != nullptr) of_group.residual += column;
        // Of nothing, too, there is a bias to be written.
        for (std::size_t k = 0; k == 0 || k < b.k; k += depth) {
            multiply_blocks(b, panels, {k, std::min(k + depth, b.k)}, a, lda, m, c + column, ldc, of_group);
        }
    }
}

std::size_t gemm_panels_scratch_bytes(const PackedView& b, std::size_t m) { return split_gemm_scratch_bytes(b, m); }

namespace {

/// How a product is cut into tasks. Rows are split where each thread may as well read all of the weights; columns where
/// it may not, or where there are too few rows. A is then read, and split into its parts, once for each.
struct Tasks {
    std::size_t row_parts = 1;
    std::size_t column_parts = 1;
};

Tasks cut(const PackedView& b, std::size_t m, std::size_t threads) {
    const std::size_t wanted =
        threads == 1 ? 1 : threads * (b.split != nullptr ? split_tasks_per_thread : tasks_per_thread);
    const bool large_weights = b.size() * sizeof(float) > large_weights_bytes;
    const std::size_t least_rows = b.split != nullptr ? least_split_rows : 4 * b.kernels->tile_rows[2];
    const std::size_t row_parts = large_weights ? 1 : std::clamp(m / least_rows, std::size_t{1}, wanted);
    return {row_parts, std::min(divide_up(wanted, row_parts), b.panels())};
}

} // namespace

std::size_t gemm_scratch_bytes(const PackedView& b, std::size_t m, std::size_t threads) {
    return threads * gemm_panels_scratch_bytes(b, divide_up(m, cut(b, m, threads).row_parts));
}

void gemm(const PackedView& b, const float* a, std::size_t lda, std::size_t m, float* c, std::size_t ldc,
          const Epilogue& epilogue, std::span<std::byte> scratch, ThreadPool& pool) {
    if (m == 0 || b.n == 0) return;
    const std::size_t threads = static_cast<std::size_t>(pool.threads());
    const Tasks tasks = cut(b, m, threads);
    const std::size_t bytes = gemm_panels_scratch_bytes(b, divide_up(m, tasks.row_parts));
    pool.for_each_task(tasks.row_parts * tasks.column_parts, [&](std::size_t task, std::size_t worker) {
        const Range rows = part(0, m, task / tasks.column_parts, tasks.row_parts);
        const Range panels = part(0, b.panels(), task % tasks.column_parts, tasks.column_parts);
        const std::size_t column = b.panel(panels.begin).column;
        Epilogue of_block = epilogue;
        if (epilogue.residual != nullptr) of_block.residual += rows.begin * epilogue.residual_stride + column;
        gemm_panels(b, panels.begin, panels.end, a + rows.begin * lda, lda, rows.end - rows.begin,
                    c + rows.begin * ldc + column, ldc, of_block, scratch.subspan(worker * bytes, bytes));
    });
}

void scale_rows(const PackedView& b, const float* gate, float* scaled, ThreadPool& pool) {
    pool.parallel_for(b.panels(), 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t p = begin; p < end; ++p) {
            const PackedView::Panel panel = b.panel(p);
            b.kernels->scale_rows(b.weights + panel.offset, gate, b.k, panel.vectors * b.kernels->lanes,
                                  scaled + panel.offset);
        }
    });
}

} // namespace detect
