// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/split_gemm.h"

#include "executor/kernels/split_blocks.h"

#include <algorithm>

namespace detect {

namespace {

/// Rows of A that are split at a time, and blocks: all if they are few, so that a panel's sums are finished at once;
/// else one, as the split parts shall not fill a second-level cache.
constexpr std::size_t few_blocks = 3;
constexpr std::size_t rows_at_a_time = 384;
constexpr std::size_t rows_ahead = 2;

std::size_t blocks_at_a_time(const SplitBlocks& blocks) { return blocks.count() <= few_blocks ? blocks.count() : 1; }

/// Numbers in the split parts of A that are held at a time.
std::size_t split_rows_size(const PackedView& b, std::size_t m) {
    return divide_up(std::min(m, rows_at_a_time), SplitKernels::rows) * blocks_at_a_time(SplitBlocks(b.k)) *
           SplitBlocks::most_steps * b.split->step_size();
}

/// Floats of unfinished sums: of one panel, unless panels are come back to.
std::size_t partial_size(const PackedView& b, std::size_t m) {
    const std::size_t vectors =
        SplitBlocks(b.k).count() > few_blocks ? divide_up(b.n, b.kernels->lanes) : std::size_t{max_panel_vectors};
    return std::min(m, rows_at_a_time) * vectors * b.kernels->lanes;
}

/// The panels of C that are computed, and memory for split parts and unfinished sums.
struct PanelsOfC {
    const PackedView& b;
    std::size_t first_panel;
    std::size_t last_panel;
    std::uint16_t* split_a;
    std::uint16_t* split_b;
    float* partial;
};

/// Adds the blocks [first, last) to the rows of C.
void multiply_blocks(const PanelsOfC& of, SplitProduct product, std::size_t first, std::size_t last) {
    const SplitKernels& kernels = *of.b.split;
    const SplitBlocks blocks(of.b.k);
    float* const c = product.c;
    const float* const residual = product.residual;
    // A tile of 16 rows lies in one piece, part by part and step by step.
    product.part_stride = SplitKernels::rows * SplitKernels::depth;
    product.step_stride = kernels.step_size();
    product.tile_stride = (blocks.step(last) - blocks.step(first)) * kernels.step_size();
    const std::size_t depth_of_all = blocks.begin(last) - blocks.begin(first);
    for (std::size_t r = 0; r < product.rows; ++r) {
        const float* row = product.a + r * product.lda + blocks.begin(first);
        // Rows may lie far apart: no hardware looks ahead from one to the next.
        if (r + rows_ahead < product.rows) {
            const float* ahead = row + rows_ahead * product.lda;
            for (std::size_t i = 0; i < depth_of_all; i += floats_per_line) __builtin_prefetch(ahead + i);
        }
        kernels.split_row(row, depth_of_all, product.part_stride, product.step_stride,
                          of.split_a + r / SplitKernels::rows * product.tile_stride +
                              r % SplitKernels::rows * SplitKernels::depth);
    }
    const std::size_t first_column = of.b.panel(of.first_panel).column;
    for (std::size_t p = of.first_panel; p < of.last_panel; ++p) {
        const PackedView::Panel panel = of.b.panel(p);
        const std::size_t width = panel.vectors * of.b.kernels->lanes;
        product.vectors = panel.vectors;
        product.columns = panel.columns;
        product.bias = of.b.bias + panel.column;
        product.partial = of.partial;
        if (blocks.count() > few_blocks) product.partial += product.rows * (panel.column - first_column);
        product.b = of.b.weights + panel.offset;
        product.c = c + panel.column - first_column;
        if (residual != nullptr) product.residual = residual + panel.column - first_column;
        for (std::size_t block = first; block < last; ++block) {
            product.steps = blocks.step(block + 1) - blocks.step(block);
            product.split_a = of.split_a + (blocks.step(block) - blocks.step(first)) * kernels.step_size();
            product.adds = block > 0;
            product.ends = block + 1 == blocks.count();
            const std::size_t depth = blocks.begin(block + 1) - blocks.begin(block);
            const float* of_block = product.b + blocks.begin(block) * width;
            if (of.b.in_parts()) {
                product.split_b = reinterpret_cast<const std::uint16_t*>(of_block);
            } else {
                kernels.split_panel(of_block, depth, panel.vectors, of.split_b);
                product.split_b = of.split_b;
            }
            // What comes next lies behind, unless it is another panel's.
            const bool in_panel = block + 1 < last;
            product.next = product.b + (in_panel ? blocks.begin(block + 1) : of.b.k + blocks.begin(first)) * width;
            product.next_floats = in_panel || p + 1 < of.last_panel ? depth * width : 0;
            kernels.multiply(product);
        }
    }
}

} // namespace

std::size_t split_gemm_scratch_bytes(const PackedView& b, std::size_t m) {
    if (b.split == nullptr) return 0;
    return (split_rows_size(b, m) + SplitBlocks::panel_size) * sizeof(std::uint16_t) +
           partial_size(b, m) * sizeof(float);
}

void split_gemm_panels(const PackedView& b, std::size_t first_panel, std::size_t last_panel, const float* a,
                       std::size_t lda, std::size_t m, float* c, std::size_t ldc, const Epilogue& epilogue,
                       std::span<std::byte> scratch) {
    auto* const split_b = reinterpret_cast<std::uint16_t*>(scratch.data());
    std::uint16_t* const split_a = split_b + SplitBlocks::panel_size;
    const PanelsOfC of{b,       first_panel, last_panel,
                       split_a, split_b,     reinterpret_cast<float*>(split_a + split_rows_size(b, m))};
    const SplitBlocks blocks(b.k);
    const std::size_t parts = divide_up(m, rows_at_a_time);
    for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t first = m * part / parts;
        SplitProduct product;
        product.rows = m * (part + 1) / parts - first;
        product.c = c + first * ldc;
        product.ldc = ldc;
        product.activation = epilogue.activation;
        product.residual_stride = epilogue.residual_stride;
        if (epilogue.residual != nullptr) product.residual = epilogue.residual + first * epilogue.residual_stride;
        product.a = a + first * lda;
        product.lda = lda;
        product.k = b.k;
        for (std::size_t block = 0; block < blocks.count(); block += blocks_at_a_time(blocks)) {
            multiply_blocks(of, product, block, block + blocks_at_a_time(blocks));
        }
    }
}

} // namespace detect
