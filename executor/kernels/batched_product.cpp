// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/batched_product.h"

#include "executor/kernels/gemm.h"
#include "executor/kernels/rounding.h"
#include "executor/kernels/split_blocks.h"

#include <algorithm>

namespace detect {

namespace {

/// B's place for packed weights and a bias of zeros.
PackedView view_of(const KernelTable& kernels, const BatchedProduct& product) {
    return {.kernels = &kernels, .k = product.k, .n = product.n, .split = tiles_for(kernels, product.k, product.n)};
}

std::size_t bias_floats(const PackedView& view) { return whole_lines(round_up(view.n, view.kernels->lanes)); }
std::size_t packed_floats(const PackedView& view) { return whole_lines(view.size()) + bias_floats(view); }

/// Few products are each shared out between the threads, many are a thread's each.
bool one_at_a_time(const BatchedProduct& product, std::size_t threads) { return product.products.size() < threads; }

/// Rows [first, last) of B, a square at a time, so that neither side is read or written far apart.
void pack_panel(const BatchedProduct& product, const PackedView::Panel& panel, std::size_t lanes, const float* b,
                float* packed) {
    constexpr std::size_t side = 16;
    const std::size_t width = panel.vectors * lanes;
    for (std::size_t k = 0; k < product.k; k += side) {
        const std::size_t last = std::min(k + side, product.k);
        if (product.b_is_transposed) {
            for (std::size_t j = 0; j < panel.columns; ++j) {
                const float* const from = b + (panel.column + j) * product.k;
                for (std::size_t i = k; i < last; ++i) packed[i * width + j] = from[i];
            }
        } else {
            for (std::size_t i = k; i < last; ++i) {
                std::copy_n(b + i * product.n + panel.column, panel.columns, packed + i * width);
            }
        }
        for (std::size_t i = k; i < last; ++i)
            std::fill(packed + i * width + panel.columns, packed + (i + 1) * width, 0.F);
    }
}

/// Packs panels [first, last) of B into `memory`, which the view then refers to.
void pack(const BatchedProduct& product, PackedView& view, const float* b, float* memory, std::size_t first,
          std::size_t last) {
    for (std::size_t p = first; p < last; ++p) {
        const PackedView::Panel panel = view.panel(p);
        pack_panel(product, panel, view.kernels->lanes, b, memory + panel.offset);
    }
}

void refer_to(PackedView& view, float* memory) {
    view.weights = memory;
    float* const bias = memory + whole_lines(view.size());
    std::fill_n(bias, bias_floats(view), 0.F);
    view.bias = bias;
}

} // namespace

std::size_t batched_product_scratch_bytes(const KernelTable& kernels, const BatchedProduct& product,
                                          std::size_t threads) {
    const PackedView view = view_of(kernels, product);
    const std::size_t packed = packed_floats(view) * sizeof(float);
    if (one_at_a_time(product, threads)) return packed + gemm_scratch_bytes(view, product.m, threads);
    return threads * (packed + round_up(gemm_panels_scratch_bytes(view, product.m), cache_line_bytes));
}

void multiply_batched(const KernelTable& kernels, const BatchedProduct& product, const float* a, const float* b,
                      float* c, std::span<std::byte> scratch, ThreadPool& pool) {
    if (product.m == 0 || product.n == 0) return;
    PackedView view = view_of(kernels, product);
    const std::size_t packed = packed_floats(view) * sizeof(float);
    const auto threads = static_cast<std::size_t>(pool.threads());
    if (one_at_a_time(product, threads)) {
        auto* const memory = reinterpret_cast<float*>(scratch.data());
        refer_to(view, memory);
        for (const BatchedProduct::Offsets& at : product.products) {
            pool.parallel_for(view.panels(), 1, [&](std::size_t first, std::size_t last) {
                pack(product, view, b + at.b, memory, first, last);
            });
            gemm(view, a + at.a, product.k, product.m, c + at.c, product.n, {}, scratch.subspan(packed), pool);
        }
        return;
    }
    const std::size_t bytes = scratch.size() / threads / cache_line_bytes * cache_line_bytes;
    pool.for_each_task(product.products.size(), [&](std::size_t task, std::size_t worker) {
        const BatchedProduct::Offsets& at = product.products[task];
        const std::span<std::byte> own = scratch.subspan(worker * bytes, bytes);
        auto* const memory = reinterpret_cast<float*>(own.data());
        PackedView of_task = view;
        refer_to(of_task, memory);
        pack(product, of_task, b + at.b, memory, 0, of_task.panels());
        gemm_panels(of_task, 0, of_task.panels(), a + at.a, product.k, product.m, c + at.c, product.n, {},
                    own.subspan(packed));
    });
}

} // namespace detect
