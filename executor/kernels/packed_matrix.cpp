// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/packed_matrix.h"

#include "base/checked.h"
#include "executor/kernels/split_blocks.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace detect {

namespace {

std::size_t whole_vectors(const KernelTable& kernels, std::size_t n) { return divide_up(n, kernels.lanes); }

/// Of every panel but the last.
std::size_t panel_vectors(const PackedView& view) { return view.in_parts() ? 4 : 2; }

/// Weights of a panel: from one input, and from one output, to the next.
struct PanelSource {
    const float* weights = nullptr;
    std::size_t k_stride = 0;
    std::size_t n_stride = 0;
};

/// The rows [begin, end) of a panel.
void pack_rows(const PackedView& view, const PackedView::Panel& panel, const PanelSource& source, std::size_t pixels,
               std::size_t begin, std::size_t end, float* to) {
    const std::size_t channels = view.k / pixels;
    for (std::size_t i = begin; i < end; ++i, to += panel.vectors * view.kernels->lanes) {
        const std::size_t input = i % channels * pixels + i / channels;
        const float* from = source.weights + input * source.k_stride;
        for (std::size_t j = 0; j < panel.columns; ++j) to[j] = from[j * source.n_stride];
    }
}

void pack_panel(const PackedView& view, const PackedView::Panel& panel, const PanelSource& source, std::size_t pixels,
                float* to) {
    if (!view.in_parts()) {
        pack_rows(view, panel, source, pixels, 0, view.k, to);
        return;
    }
    std::vector<float> step(SplitKernels::depth * panel.vectors * view.kernels->lanes);
    for (std::size_t k = 0; k < view.k; k += SplitKernels::depth, to += step.size()) {
        pack_rows(view, panel, source, pixels, k, k + SplitKernels::depth, step.data());
        view.split->split_panel(step.data(), SplitKernels::depth, panel.vectors, reinterpret_cast<std::uint16_t*>(to));
    }
}

/// Two parts do if a sum has so many terms that adding them in single precision is hardly more exact.
const SplitKernels* tiles_for_weights(const KernelTable& kernels, std::size_t k, std::size_t n) {
    constexpr std::size_t many_terms = 8192;
    const SplitKernels* tiles = tiles_for(kernels, k, n);
    return tiles != nullptr && k >= many_terms && k % SplitKernels::depth == 0 ? kernels.split_in_two : tiles;
}

} // namespace

std::size_t PackedView::panels() const {
    return n == 0 ? 0 : std::max(whole_vectors(*kernels, n) / panel_vectors(*this), std::size_t{1});
}

PackedView::Panel PackedView::panel(std::size_t index) const {
    const std::size_t usual = panel_vectors(*this);
    const std::size_t first = index * usual;
    const std::size_t vectors = index + 1 == panels() ? whole_vectors(*kernels, n) - first : usual;
    const std::size_t column = first * kernels->lanes;
    return {column, std::min(vectors * kernels->lanes, n - column), vectors, column * k};
}

std::size_t PackedView::size() const { return whole_vectors(*kernels, n) * kernels->lanes * k; }

Result<PackedMatrix> PackedMatrix::pack(const KernelTable& kernels, WeightOrder order, std::span<const float> weights,
                                        std::size_t k, std::size_t n, std::span<const float> bias, std::size_t pixels) {
    return pack({kernels, tiles_for(kernels, k, n), k, n}, order, weights, bias, pixels);
}

Result<PackedMatrix> PackedMatrix::pack(PackedMatrix packed, WeightOrder order, std::span<const float> weights,
                                        std::span<const float> bias, std::size_t pixels) {
    const std::size_t k = packed.k_;
    const std::size_t n = packed.n_;
    const auto count = checked_mul(k, n);
    const bool whole_channels = pixels > 0 && k % pixels == 0;
    if (!count || weights.size() != *count || (!bias.empty() && bias.size() != n) || !whole_channels) {
        return Error{ErrorCode::invalid_argument, "cannot pack a " + std::to_string(k) + "×" + std::to_string(n) +
                                                      " matrix from " + std::to_string(weights.size()) +
                                                      " weights and " + std::to_string(bias.size()) +
                                                      " biases: the sizes must agree"};
    }
    auto memory = AlignedBuffer::allocate(packed.view().size());
    if (!memory.ok()) return std::move(memory).error();
    packed.weights_ = *std::move(memory);
    if (auto kept = packed.set_bias(bias); !kept.ok()) return std::move(kept).error();

    const std::size_t n_stride = order == WeightOrder::output_major ? k : 1;
    const PackedView view = packed.view();
    for (std::size_t p = 0; p < view.panels(); ++p) {
        const PackedView::Panel panel = view.panel(p);
        pack_panel(view, panel,
                   {weights.data() + panel.column * n_stride, order == WeightOrder::output_major ? 1 : n, n_stride},
                   pixels, packed.weights_.data() + panel.offset);
    }
    return packed;
}

Result<PackedMatrix> PackedMatrix::pack(const KernelTable& kernels, Tensor weights, std::span<const float> bias,
                                        std::size_t pixels) {
    const auto n = static_cast<std::size_t>(weights.dims()[0]);
    const auto k = static_cast<std::size_t>(weights.dims()[1]);
    PackedMatrix packed{kernels, tiles_for_weights(kernels, k, n), k, n};
    const bool sound = pixels > 0 && k % pixels == 0 && (bias.empty() || bias.size() == n);
    const bool on_boundary = reinterpret_cast<std::uintptr_t>(weights.bytes().data()) % cache_line_bytes == 0;
    if (!sound || !on_boundary || n % kernels.lanes != 0 || weights.storage().use_count() != 1) {
        return pack(std::move(packed), WeightOrder::output_major, weights.data<float>(), bias, pixels);
    }
    packed.weights_ = AlignedBuffer(std::move(weights));
    if (auto kept = packed.set_bias(bias); !kept.ok()) return std::move(kept).error();
    // The rows that make a panel lie where the panel will.
    const PackedView view = packed.view();
    std::vector<float> rows;
    for (std::size_t p = 0; p < view.panels(); ++p) {
        const PackedView::Panel panel = view.panel(p);
        float* const place = packed.weights_.data() + panel.offset;
        rows.assign(place, place + panel.columns * k);
        pack_panel(view, panel, {rows.data(), 1, k}, pixels, place);
    }
    return packed;
}

Result<void> PackedMatrix::set_bias(std::span<const float> bias) {
    auto memory = AlignedBuffer::allocate(whole_vectors(*kernels_, n_) * kernels_->lanes);
    if (!memory.ok()) return std::move(memory).error();
    bias_ = *std::move(memory);
    std::copy(bias.begin(), bias.end(), bias_.data());
    return {};
}

PackedView PackedMatrix::view() const { return {kernels_, weights_.data(), bias_.data(), k_, n_, split_}; }

} // namespace detect
