// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/aligned_buffer.h"
#include "executor/kernels/kernel_table.h"

#include <span>

namespace detect {

/// How a weight matrix lies in memory.
enum class WeightOrder {
    /// [N, K]: a row per output (torch.nn.Linear, a 1×1 convolution).
    output_major,
    /// [K, N]: a row per input (ONNX MatMul's second operand).
    input_major,
};

/// Packed weights B [K, N], as the tiles of one instruction set read them: panels of two vectors of columns (the last
/// panel has one to three), each panel a [K, vectors · lanes] block, padded with zeros; or `in_parts`. Does not own its
/// memory.
struct PackedView {
    const KernelTable* kernels = nullptr;
    const float* weights = nullptr;
    /// Padded to whole vectors.
    const float* bias = nullptr;
    std::size_t k = 0;
    std::size_t n = 0;
    /// Not null: products are computed on tiles of bfloat16. Follows from k, n and the instruction set; a caller may
    /// clear it where rows are few, if that is known from the model and one picture's size, unless weights are kept in
    /// parts.
    const SplitKernels* split = nullptr;

    /// Whether each panel lies in memory as SplitKernels::split_panel leaves it, in two parts: as many bytes. It has
    /// four vectors, the last one to seven.
    [[nodiscard]] bool in_parts() const { return split != nullptr && split->parts == 2; }

    struct Panel {
        std::size_t column = 0;
        std::size_t columns = 0;
        std::size_t vectors = 0;
        /// Floats from the start of `weights`.
        std::size_t offset = 0;
    };
    [[nodiscard]] std::size_t panels() const;
    [[nodiscard]] Panel panel(std::size_t index) const;
    /// Floats in `weights`.
    [[nodiscard]] std::size_t size() const;
};

/// Weights packed once, at load.
class PackedMatrix {
public:
    PackedMatrix() = default;

    /// `weights` has k·n floats; `bias` has n, or none for zeros. `pixels`: weights for k inputs in the order
    /// [channels, pixels] are packed for inputs in the order [pixels, channels]. Errors: `invalid_argument` if a size
    /// does not fit, `resource_limit` if memory is short.
    static Result<PackedMatrix> pack(const KernelTable& kernels, WeightOrder order, std::span<const float> weights,
                                     std::size_t k, std::size_t n, std::span<const float> bias, std::size_t pixels = 1);

    /// The same for a tensor [N, K] of floats. If nobody else holds it and N is whole vectors, its own memory is used,
    /// so that weights are never in memory twice. Where there are tiles and K is large, weights are kept in two parts.
    static Result<PackedMatrix> pack(const KernelTable& kernels, Tensor weights, std::span<const float> bias,
                                     std::size_t pixels);

    [[nodiscard]] PackedView view() const;
    [[nodiscard]] std::size_t k() const { return k_; }
    [[nodiscard]] std::size_t n() const { return n_; }
    [[nodiscard]] std::size_t bytes() const { return weights_.bytes() + bias_.bytes(); }

private:
    PackedMatrix(const KernelTable& kernels, const SplitKernels* split, std::size_t k, std::size_t n)
        : kernels_(&kernels), split_(split), k_(k), n_(n) {}
    static Result<PackedMatrix> pack(PackedMatrix packed, WeightOrder order, std::span<const float> weights,
                                     std::span<const float> bias, std::size_t pixels);
    Result<void> set_bias(std::span<const float> bias);

    const KernelTable* kernels_ = nullptr;
    const SplitKernels* split_ = nullptr;
    AlignedBuffer weights_;
    AlignedBuffer bias_;
    std::size_t k_ = 0;
    std::size_t n_ = 0;
};

} // namespace detect
