#include "executor/kernels/gemm.h"

#include <algorithm>

namespace detect {

namespace {

/// A block of B that stays in a second-level cache while the rows of A pass by: its depth, and its bytes.
constexpr std::size_t block_depth = 512;
constexpr std::size_t block_bytes = std::size_t{512} << 10U;
/// Packed weights beyond this are read by one thread each, rather than by every one.
constexpr std::size_t large_weights_bytes = std::size_t{1} << 20U;
constexpr std::size_t tasks_per_thread = 4;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Part `index` of `parts` equal ones.
Range part(std::size_t begin, std::size_t end, std::size_t index, std::size_t parts) {
    return {begin + (end - begin) * index / parts, begin + (end - begin) * (index + 1) / parts};
}

/// The rows [0, m) of C in some panels, for k in a range. A tile's rows of A stay in the first-level cache from panel
/// to panel.
void multiply_block(const PackedView& b, const Range& panels, const Range& k, const float* a, std::size_t lda,
                    std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue) {
    const bool ends = k.end == b.k;
    std::array<const float*, max_tile_rows> rows{};
    GemmTile tile;
    tile.a = rows.data();
    tile.segment_length = k.end - k.begin;
    tile.ldc = ldc;
    tile.start = k.begin == 0 ? TileStart::bias : TileStart::resume;
    tile.activation = ends ? epilogue.activation : Activation::none;
    tile.residual_stride = epilogue.residual_stride;
    const std::size_t tiles =
        divide_up(m, b.kernels->tile_rows[std::min(b.panel(panels.begin).vectors, std::size_t{2})]);
    for (std::size_t t = 0; t < tiles; ++t) {
        const Range of_tile = part(0, m, t, tiles);
        for (std::size_t p = panels.begin; p < panels.end; ++p) {
            const PackedView::Panel panel = b.panel(p);
            tile.b = b.weights + panel.offset + k.begin * panel.vectors * b.kernels->lanes;
            tile.bias = b.bias + panel.column;
            tile.columns = panel.columns;
            // The widest panel takes fewer rows at a time.
            const std::size_t pieces = divide_up(of_tile.end - of_tile.begin, b.kernels->tile_rows[panel.vectors]);
            for (std::size_t piece = 0; piece < pieces; ++piece) {
                const Range r = part(of_tile.begin, of_tile.end, piece, pieces);
                for (std::size_t i = r.begin; i < r.end; ++i) rows[i - r.begin] = a + i * lda + k.begin;
                tile.c = c + r.begin * ldc + panel.column;
                if (ends && epilogue.residual != nullptr) {
                    tile.residual = epilogue.residual + r.begin * epilogue.residual_stride + panel.column;
                }
                b.kernels->gemm_tiles[panel.vectors][r.end - r.begin](tile);
            }
        }
    }
}

} // namespace

void gemm_panels(const PackedView& b, std::size_t first_panel, std::size_t last_panel, const float* a, std::size_t lda,
                 std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue) {
    if (m == 0) return;
    // A short remainder is not worth a pass of its own; nor is blocking, when no panel is used twice.
    const bool blocked = b.k > block_depth + block_depth / 2 && m > b.kernels->tile_rows[2];
    const std::size_t blocks = blocked ? divide_up(b.k, block_depth) : 1;
    const std::size_t panel_bytes = divide_up(b.k, blocks) * 2 * b.kernels->lanes * sizeof(float);
    const std::size_t group = std::max(block_bytes / std::max(panel_bytes, std::size_t{1}), std::size_t{1});
    const std::size_t groups = divide_up(last_panel - first_panel, group);
    for (std::size_t g = 0; g < groups; ++g) {
        const Range panels = part(first_panel, last_panel, g, groups);
        for (std::size_t block = 0; block < blocks; ++block) {
            multiply_block(b, panels, part(0, b.k, block, blocks), a, lda, m, c, ldc, epilogue);
        }
    }
}

void gemm(const PackedView& b, const float* a, std::size_t lda, std::size_t m, float* c, std::size_t ldc,
          const Epilogue& epilogue, ThreadPool& pool) {
    if (m == 0 || b.n == 0) return;
    const std::size_t panels = b.panels();
    const std::size_t threads = static_cast<std::size_t>(pool.threads());
    const std::size_t wanted = threads == 1 ? 1 : threads * tasks_per_thread;
    // Rows are split where each thread may as well read all of the weights; columns where it may not, or where there
    // are too few rows. A is then read once for each part.
    const bool large_weights = b.size() * sizeof(float) > large_weights_bytes;
    const std::size_t least_rows = 4 * b.kernels->tile_rows[2];
    const std::size_t row_parts = large_weights ? 1 : std::clamp(m / least_rows, std::size_t{1}, wanted);
    const std::size_t column_parts = std::min(divide_up(wanted, row_parts), panels);
    pool.parallel_for(row_parts * column_parts, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) {
            const Range rows = part(0, m, task / column_parts, row_parts);
            const Range of_task = part(0, panels, task % column_parts, column_parts);
            Epilogue of_rows = epilogue;
            if (epilogue.residual != nullptr) of_rows.residual += rows.begin * epilogue.residual_stride;
            gemm_panels(b, of_task.begin, of_task.end, a + rows.begin * lda, lda, rows.end - rows.begin,
                        c + rows.begin * ldc, ldc, of_rows);
        }
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
