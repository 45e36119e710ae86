// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/row_chain.h"

#include "executor/kernels/rounding.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace detect {

namespace {

/// Bands of rows that a picture is cut into for each thread. The rows that a band shares with the next one are computed
/// twice between the layers, so it has some multiple of them.
constexpr std::size_t bands_per_thread = 2;
constexpr std::size_t least_rows = 16;

std::size_t kept_bytes(const RowLayer& layer, const RowLayer& next) {
    return next.window() * round_up(layer.row_bytes(), cache_line_bytes);
}

} // namespace

/// Some rows of one picture, on their way through the layers.
struct RowChain::Band {
    struct Layer {
        KeptRows output;
        std::byte* scratch = nullptr;
        /// The first row that is not computed yet.
        std::size_t next = 0;
    };
    std::size_t picture = 0;
    std::span<Layer> layers;
};

std::size_t RowChain::worker_bytes() const {
    std::size_t bytes = layers_.size() * round_up(sizeof(Band::Layer), cache_line_bytes);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        bytes += round_up(layers_[i]->scratch_bytes(), cache_line_bytes);
        if (i + 1 < layers_.size()) bytes += kept_bytes(*layers_[i], *layers_[i + 1]);
    }
    return bytes;
}

std::size_t RowChain::scratch_bytes(std::size_t threads) const { return threads * worker_bytes(); }

void RowChain::compute(Band& band, std::size_t layer, RowRange rows) const {
    Band::Layer& state = band.layers[layer];
    // What nothing has read is not computed.
    for (state.next = std::max(state.next, rows.first); state.next < rows.last; ++state.next) {
        if (layer > 0) compute(band, layer - 1, layers_[layer]->reads(state.next));
        const KeptRows input = layer > 0 ? band.layers[layer - 1].output : KeptRows{};
        layers_[layer]->run(band.picture, state.next, input, state.output.row(state.next), state.scratch);
    }
}

void RowChain::run(std::size_t batch, std::byte* y, std::span<std::byte> scratch, ThreadPool& pool) const {
    const RowLayer& last = *layers_.back();
    const std::size_t rows = last.rows();
    const std::size_t threads = static_cast<std::size_t>(pool.threads());
    const std::size_t most_bands = threads == 1 ? 1 : threads * bands_per_thread;
    const std::size_t bands = std::clamp(rows / least_rows, std::size_t{1}, most_bands);
    pool.for_each_task(batch * bands, [&](std::size_t task, std::size_t worker) {
        std::byte* memory = scratch.data() + worker * worker_bytes();
        const auto take = [&](std::size_t bytes) {
            return std::exchange(memory, memory + round_up(bytes, cache_line_bytes));
        };
        auto* const states = reinterpret_cast<Band::Layer*>(take(layers_.size() * sizeof(Band::Layer)));
        Band band{.picture = task / bands, .layers = {states, layers_.size()}};
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            Band::Layer& state = *std::construct_at(states + i);
            state.scratch = take(layers_[i]->scratch_bytes());
            if (i + 1 == layers_.size()) {
                state.output = {y + band.picture * rows * last.row_bytes(), last.row_bytes(), rows};
            } else {
                const std::size_t bytes = kept_bytes(*layers_[i], *layers_[i + 1]);
                state.output = {take(bytes), round_up(layers_[i]->row_bytes(), cache_line_bytes),
                                layers_[i + 1]->window()};
            }
        }
        compute(band, layers_.size() - 1, {rows * (task % bands) / bands, rows * (task % bands + 1) / bands});
    });
}

} // namespace detect
