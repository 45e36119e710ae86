#include "executor/kernels/packed_matrix.h"

#include "executor/kernels/split_blocks.h"

#include <algorithm>
#include <string>

namespace detect {

namespace {

constexpr std::size_t panel_vectors = 2;

std::size_t whole_vectors(const KernelTable& kernels, std::size_t n) { return divide_up(n, kernels.lanes); }

} // namespace

std::size_t PackedView::panels() const {
    return n == 0 ? 0 : std::max(whole_vectors(*kernels, n) / panel_vectors, std::size_t{1});
}

PackedView::Panel PackedView::panel(std::size_t index) const {
    const std::size_t first = index * panel_vectors;
    const std::size_t vectors = index + 1 == panels() ? whole_vectors(*kernels, n) - first : panel_vectors;
    const std::size_t column = first * kernels->lanes;
    return {column, std::min(vectors * kernels->lanes, n - column), vectors, column * k};
}

std::size_t PackedView::size() const { return whole_vectors(*kernels, n) * kernels->lanes * k; }

Result<PackedMatrix> PackedMatrix::pack(const KernelTable& kernels, WeightOrder order, std::span<const float> weights,
                                        std::size_t k, std::size_t n, std::span<const float> bias, std::size_t pixels) {
    const auto count = checked_mul(k, n);
    const bool whole_channels = pixels > 0 && k % pixels == 0;
    if (!count || weights.size() != *count || (!bias.empty() && bias.size() != n) || !whole_channels) {
        return Error{ErrorCode::invalid_argument, "cannot pack a " + std::to_string(k) + "×" + std::to_string(n) +
                                                      " matrix from " + std::to_string(weights.size()) +
                                                      " weights and " + std::to_string(bias.size()) +
                                                      " biases: the sizes must agree"};
    }
    PackedMatrix packed;
    packed.kernels_ = &kernels;
    packed.k_ = k;
    packed.n_ = n;
    auto memory = AlignedBuffer::allocate(packed.view().size());
    if (!memory.ok()) return std::move(memory).error();
    packed.weights_ = *std::move(memory);
    auto bias_memory = AlignedBuffer::allocate(whole_vectors(kernels, n) * kernels.lanes);
    if (!bias_memory.ok()) return std::move(bias_memory).error();
    packed.bias_ = *std::move(bias_memory);
    std::copy(bias.begin(), bias.end(), packed.bias_.data());

    const std::size_t k_stride = order == WeightOrder::output_major ? 1 : n;
    const std::size_t n_stride = order == WeightOrder::output_major ? k : 1;
    const PackedView view = packed.view();
    for (std::size_t p = 0; p < view.panels(); ++p) {
        const PackedView::Panel panel = view.panel(p);
        const std::size_t width = panel.vectors * kernels.lanes;
        for (std::size_t i = 0; i < k; ++i) {
            float* to = packed.weights_.data() + panel.offset + i * width;
            const std::size_t input = i % (k / pixels) * pixels + i / (k / pixels);
            const float* from = weights.data() + input * k_stride + panel.column * n_stride;
            for (std::size_t j = 0; j < panel.columns; ++j) to[j] = from[j * n_stride];
        }
    }
    return packed;
}

PackedView PackedMatrix::view() const {
    return {kernels_, weights_.data(), bias_.data(), k_, n_, pays_on_tiles(*kernels_, k_, n_)};
}

} // namespace detect
